/* What _zygote.c takes from _memory.c. */

#include <Python.h>

PyObject *lay_out_memory(PyObject *module, PyObject *args);
