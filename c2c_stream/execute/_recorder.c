/* What run.py and recorder.py do, for the one interpreter that it was compiled for: load a bundle,
   make its calls, write down what they gave. A line of Python here would cost each child the pages
   that its own code, names and counters lie on.

   Keep it the same as those two: the tests run both on the same bundles and values. Like there, no
   code of the guest runs while a value is written down, and all that is used was got hold of before
   the guest could replace it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <time.h>

PyObject *read_plain(PyObject *text); /* of _literals.c */

enum { MAX_DEPTH = 60, MAX_ARGUMENTS_BYTES = 64 << 10, MAX_DIGITS = 24 };
static const double DIGITS_PER_BIT = 0.30103;
/* Frames that the same in Python has between our caller and the function, and while a bundle loads.
   They are put there, so that a guest that recurses without end takes as many steps in both. */
enum { FRAMES_TO_CALL = 7, FRAMES_TO_LOAD = 5 };

/* What is told instead of a value. The names are run.py's. */
enum outcome { VALUE, EXCEPTION, MEMORY, UNREPRESENTABLE, TRUNCATED, STEP_LIMIT, TIMEOUT_CPU, FAULT };
static const char *const names[] = {"value", "exception", "memory", "unrepresentable", "truncated",
                                    "step_limit", "timeout_cpu"};

static struct {
    PyObject *step_limit, *loads, *execute, *address_in, *compile_alone, *parse, *reseeder, *namespace;
    PyObject *from_below, *comma, *hex, *failed;
} kept;

/* --- steps.Counter --- */

struct ticks {
    PyObject_HEAD
    long long limit, left;
    int exhausted;
};

static PyObject *
next_tick(PyObject *self)
{
    struct ticks *ticks = (struct ticks *)self;

    if (ticks->left > 0) {
        ticks->left--;
        Py_RETURN_TRUE;
    }
    ticks->exhausted = 1;
    PyErr_SetNone(kept.step_limit);
    return NULL;
}

static PyType_Slot ticks_slots[] = {
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, next_tick},
    {0, NULL},
};
static PyType_Spec ticks_spec = {"c2c_stream.Ticks", sizeof(struct ticks), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                 ticks_slots};
static PyTypeObject *ticks_type;

static void
begin(struct ticks *ticks, long long limit)
{
    ticks->limit = ticks->left = limit;
    ticks->exhausted = 0;
}

/* --- recorder.result_text --- */

struct spelling {
    Py_ssize_t left; /* characters */
    int depth;
    PyObject *open[MAX_DEPTH]; /* containers that are being spelled; borrowed */
    enum outcome why;          /* where there is no text */
};

static PyObject *
give_up(struct spelling *spelling, enum outcome why)
{
    spelling->why = why;
    return NULL;
}

/* Tell why a call of the interpreter failed. */
static PyObject *
failed(struct spelling *spelling)
{
    if (!PyErr_ExceptionMatches(PyExc_MemoryError))
        return give_up(spelling, FAULT);
    PyErr_Clear();
    return give_up(spelling, MEMORY);
}

static PyObject *
checked(struct spelling *spelling, PyObject *text)
{
    return text ? text : failed(spelling);
}

/* Return how many bits an int has, or -1. */
static double
bits_of(PyObject *value)
{
    int overflow;
    long long small = PyLong_AsLongLongAndOverflow(value, &overflow);
    unsigned long long rest = small < 0 ? -(unsigned long long)small : (unsigned long long)small;
    PyObject *found;
    double bits = 0;

    if (!overflow) {
        for (; rest; rest >>= 1)
            bits++;
        return bits;
    }
    found = PyObject_CallMethod(value, "bit_length", NULL);
    bits = found ? PyLong_AsDouble(found) : -1;
    Py_XDECREF(found);
    return bits;
}

static PyObject *
spell_int(struct spelling *spelling, PyObject *value, Py_ssize_t left)
{
    const double bits = bits_of(value);
    PyObject *text;

    if (bits < 0)
        return failed(spelling);
    if (bits * DIGITS_PER_BIT > (double)left)
        return give_up(spelling, TRUNCATED);
    text = PyObject_Repr(value);
    if (text || !PyErr_ExceptionMatches(PyExc_ValueError))
        return checked(spelling, text);
    PyErr_Clear(); /* more digits than the interpreter converts */
    return give_up(spelling, UNREPRESENTABLE);
}

static int
is_scalar(PyTypeObject *kind)
{
    return kind == &PyUnicode_Type || kind == &PyLong_Type || kind == Py_TYPE(Py_None) ||
           kind == &PyBool_Type || kind == &PyFloat_Type || kind == &PyBytes_Type ||
           kind == &PyComplex_Type || kind == &PyByteArray_Type;
}

static PyObject *
spell_scalar(struct spelling *spelling, PyObject *value, Py_ssize_t left)
{
    PyTypeObject *kind = Py_TYPE(value);

    if (kind == &PyLong_Type)
        return spell_int(spelling, value, left);
    if (kind == &PyUnicode_Type || kind == &PyBytes_Type || kind == &PyByteArray_Type)
        if (PyObject_Size(value) > left)
            return give_up(spelling, TRUNCATED);
    return checked(spelling, PyObject_Repr(value));
}

static PyObject *spell_nested(struct spelling *spelling, PyObject *value);

/* Return a list of the texts of what `iterated` yields, of `count` values. */
static PyObject *
spell_all(struct spelling *spelling, PyObject *iterated, Py_ssize_t count)
{
    Py_ssize_t left = spelling->left - 2; /* the brackets */
    PyObject *found, *iterator, *value, *text;

    if (2 * count > left + 4 || left < 0) /* each takes a character and a comma at least */
        return give_up(spelling, TRUNCATED);
    found = PyList_New(0);
    iterator = PyObject_GetIter(iterated);
    while (found && iterator && (value = PyIter_Next(iterator))) {
        if (is_scalar(Py_TYPE(value))) {
            text = spell_scalar(spelling, value, left);
            if (text)
                left -= PyUnicode_GetLength(text);
            if (text && left < 0) {
                Py_CLEAR(text);
                give_up(spelling, TRUNCATED);
            }
        } else {
            spelling->left = left;
            text = spell_nested(spelling, value);
            left = spelling->left;
        }
        Py_DECREF(value);
        if (text && PyList_Append(found, text))
            failed(spelling);
        Py_XDECREF(text);
        left -= 2;
        if (!text || spelling->why != VALUE)
            break;
    }
    if (spelling->why == VALUE && (!found || !iterator || PyErr_Occurred()))
        failed(spelling);
    Py_XDECREF(iterator);
    spelling->left = left;
    if (spelling->why != VALUE)
        Py_CLEAR(found);
    return found;
}

static PyObject *
between(struct spelling *spelling, const char *format, PyObject *texts)
{
    PyObject *inner = texts ? PyUnicode_Join(kept.comma, texts) : NULL;
    PyObject *text = inner ? PyUnicode_FromFormat(format, inner) : NULL;

    if (texts && !text)
        failed(spelling);
    Py_XDECREF(inner);
    Py_XDECREF(texts);
    return text;
}

static PyObject *
spell_tuple(struct spelling *spelling, PyObject *value)
{
    PyObject *texts = spell_all(spelling, value, PyTuple_Size(value));

    return between(spelling, texts && PyList_Size(texts) == 1 ? "(%U,)" : "(%U)", texts);
}

static PyObject *
spell_set(struct spelling *spelling, PyObject *value, const char *format, const char *empty)
{
    PyObject *texts = spell_all(spelling, value, PySet_Size(value));

    if (texts && !PyList_Size(texts)) {
        Py_DECREF(texts);
        return checked(spelling, PyUnicode_FromString(empty));
    }
    if (texts && PyList_Sort(texts)) {
        failed(spelling);
        Py_CLEAR(texts);
    }
    return between(spelling, format, texts);
}

static PyObject *
spell_dict(struct spelling *spelling, PyObject *value)
{
    PyObject *keys = spell_all(spelling, value, PyDict_Size(value));
    PyObject *items = keys ? PyDict_Values(value) : NULL;
    PyObject *texts = items ? spell_all(spelling, items, PyList_Size(items)) : NULL;
    Py_ssize_t i, count = texts ? PyList_Size(texts) : 0;

    if (keys && !items)
        failed(spelling);
    if (texts && PyList_Size(keys) != count) {
        PyErr_SetString(PyExc_ValueError, "a dict changed while it was written down");
        failed(spelling);
        Py_CLEAR(texts);
    }
    for (i = 0; texts && i < count; i++) {
        PyObject *pair = PyUnicode_FromFormat("%U: %U", PyList_GetItem(keys, i),
                                              PyList_GetItem(texts, i));
        if (!pair || PyList_SetItem(texts, i, pair)) {
            failed(spelling);
            Py_CLEAR(texts);
        }
    }
    Py_XDECREF(keys);
    Py_XDECREF(items);
    return between(spelling, "{%U}", texts);
}

static PyObject *
spell_kind(struct spelling *spelling, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);

    if (kind == &PyList_Type)
        return between(spelling, "[%U]", spell_all(spelling, value, PyList_Size(value)));
    if (kind == &PyTuple_Type)
        return spell_tuple(spelling, value);
    if (kind == &PyDict_Type)
        return spell_dict(spelling, value);
    if (kind == &PySet_Type)
        return spell_set(spelling, value, "{%U}", "set()");
    return spell_set(spelling, value, "frozenset({%U})", "frozenset()");
}

static PyObject *
spell_nested(struct spelling *spelling, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    PyObject *text;
    int i;

    if (kind != &PyList_Type && kind != &PyTuple_Type && kind != &PyDict_Type &&
        kind != &PySet_Type && kind != &PyFrozenSet_Type)
        return give_up(spelling, UNREPRESENTABLE);
    if (spelling->depth >= MAX_DEPTH)
        return give_up(spelling, TRUNCATED);
    for (i = 0; i < spelling->depth; i++)
        if (spelling->open[i] == value)
            return give_up(spelling, UNREPRESENTABLE);
    spelling->open[spelling->depth++] = value;
    text = spell_kind(spelling, value);
    spelling->depth--;
    return text;
}

/* Return `text` as it can be encoded, or nothing and say why. Takes over the reference. */
static PyObject *
bounded(struct spelling *spelling, PyObject *text, Py_ssize_t limit)
{
    const Py_ssize_t length = PyUnicode_GetLength(text);
    PyObject *found, *data;
    Py_ssize_t size;
    char *bytes;

    if (length > limit) {
        Py_DECREF(text);
        return give_up(spelling, TRUNCATED);
    }
    if (PyUnicode_Find(text, kept.hex, 0, length, 1) >= 0) {
        found = PyObject_CallFunctionObjArgs(kept.address_in, text, NULL);
        if (found == Py_None) {
            Py_DECREF(found);
        } else {
            Py_DECREF(text);
            if (!found)
                return failed(spelling);
            Py_DECREF(found);
            return give_up(spelling, UNREPRESENTABLE);
        }
    }
    if (PyUnicode_AsUTF8AndSize(text, &size)) {
        if (size <= limit)
            return text;
        Py_DECREF(text);
        return give_up(spelling, TRUNCATED);
    }
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        Py_DECREF(text);
        return failed(spelling);
    }
    PyErr_Clear(); /* it holds half of a pair of surrogates */
    data = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
    Py_DECREF(text);
    if (!data || PyBytes_AsStringAndSize(data, &bytes, &size))
        text = failed(spelling);
    else if (size > limit)
        text = give_up(spelling, TRUNCATED);
    else
        text = checked(spelling, PyUnicode_DecodeUTF8(bytes, size, NULL));
    Py_XDECREF(data);
    return text;
}

/* Return the text of a value, or nothing and why. With FAULT an exception is set. */
static PyObject *
spell(PyObject *value, Py_ssize_t limit, enum outcome *why)
{
    struct spelling spelling = {limit, 0, {NULL}, VALUE};
    PyObject *text = is_scalar(Py_TYPE(value)) ? spell_scalar(&spelling, value, limit)
                                               : spell_nested(&spelling, value);

    if (text)
        text = bounded(&spelling, text, limit);
    *why = spelling.why;
    return text;
}

/* The same of an exception. Runs the guest's __str__. */
static PyObject *
spell_exception(PyObject *error, Py_ssize_t limit, enum outcome *why)
{
    struct spelling spelling = {limit, 0, {NULL}, VALUE};
    PyObject *name = PyType_GetName(Py_TYPE(error)), *message = PyObject_Str(error), *text = NULL;

    if (!message || Py_TYPE(message) != &PyUnicode_Type) {
        PyErr_Clear();
        Py_XDECREF(message);
        message = kept.failed;
        Py_INCREF(message);
    }
    if (!name)
        failed(&spelling);
    else if (PyUnicode_GetLength(message) > limit)
        give_up(&spelling, TRUNCATED);
    else
        text = checked(&spelling, PyUnicode_GetLength(message)
                                      ? PyUnicode_FromFormat("%U: %U", name, message)
                                      : PyUnicode_FromFormat("%U", name));
    Py_XDECREF(name);
    Py_DECREF(message);
    if (text)
        text = bounded(&spelling, text, limit);
    *why = text ? EXCEPTION : spelling.why;
    return text;
}

/* --- run.Run --- */

struct run {
    PyObject *request, *emit, *function, *reseed;
    struct ticks *ticks;
    long long steps, steps_left, endless_left, call_cpu_ns, clock_ns;
    Py_ssize_t max_result_bytes, bytes_left;
};

static long long
cpu_clock_ns(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) ? 0 : t.tv_sec * 1000000000LL + t.tv_nsec;
}

static PyObject *
field(const struct run *run, const char *name)
{
    PyObject *found = PyDict_GetItemString(run->request, name);

    if (!found && !PyErr_Occurred())
        PyErr_SetString(PyExc_KeyError, name);
    return found;
}

static long long
number_in(const struct run *run, const char *name)
{
    PyObject *found = field(run, name);
    return found ? PyLong_AsLongLong(found) : -1;
}

/* Write a number down: sprintf would bring in pages of the C library that nothing else needs. */
static void
spell_digits(char *text, long long number)
{
    char digits[MAX_DIGITS];
    int count = 0;

    if (number < 0)
        *text++ = '-';
    do
        digits[count++] = '0' + (number < 0 ? -(number % 10) : number % 10);
    while (number /= 10);
    while (count)
        *text++ = digits[--count];
    *text = 0;
}

/* Emit a frame. 0 is success. */
static int
tell(struct run *run, long long number, const char *verdict, PyObject *text, long long steps,
     int mutates)
{
    char of_number[MAX_DIGITS], of_steps[MAX_DIGITS];
    PyObject *frame, *done;

    spell_digits(of_number, number);
    spell_digits(of_steps, steps);
    run->bytes_left -= text ? PyUnicode_GetLength(text) : 0;
    frame = PyUnicode_FromFormat(text ? "%s %s %s%s %U" : "%s %s %s%s ", of_number, verdict, of_steps,
                                 mutates ? "m" : "", text);
    done = frame ? PyObject_CallFunctionObjArgs(run->emit, frame, NULL) : NULL;
    Py_XDECREF(frame);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Take the exception that is set, as an except clause would. */
static PyObject *
caught(void)
{
    PyObject *kind, *error, *traceback;

    PyErr_Fetch(&kind, &error, &traceback);
    PyErr_NormalizeException(&kind, &error, &traceback);
    if (traceback && error)
        PyException_SetTraceback(error, traceback);
    Py_XDECREF(kind);
    Py_XDECREF(traceback);
    return error;
}

static int
reseeded(const struct run *run)
{
    PyObject *done;

    if (!run->reseed)
        return 0;
    done = PyObject_CallFunctionObjArgs(run->reseed, NULL);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Call from where the same in Python would. Only frames of Python count like frames of Python. */
static PyObject *
call_from(int frames, PyObject *function, PyObject *arguments, PyObject *keywords)
{
    PyObject *deep = PyLong_FromLong(frames), *value = NULL;

    if (deep)
        value = PyObject_CallFunctionObjArgs(kept.from_below, deep, function, arguments, keywords,
                                             NULL);
    Py_XDECREF(deep);
    return value;
}

/* Make a call; return what it gave, or nothing and why. With FAULT an exception is set. */
static PyObject *
outcome(struct run *run, PyObject *positional, PyObject *named, enum outcome *why)
{
    const Py_ssize_t limit =
        run->bytes_left < run->max_result_bytes ? run->bytes_left : run->max_result_bytes;
    PyObject *value = call_from(FRAMES_TO_CALL, run->function, positional, named);
    PyObject *error, *text = NULL;

    if (value) {
        text = spell(value, limit, why);
        Py_DECREF(value);
        return text;
    }
    error = caught();
    if (!error || PyErr_GivenExceptionMatches(error, PyExc_MemoryError))
        *why = MEMORY;
    else
        text = spell_exception(error, limit, why);
    Py_XDECREF(error);
    return text;
}

/* Whether a call may change one of its arguments. */
static int
may_change(PyObject *positional, PyObject *named)
{
    Py_ssize_t i, at = 0;
    PyObject *key, *value;

    for (i = 0; i < PyList_Size(positional); i++)
        if (!is_scalar(Py_TYPE(PyList_GetItem(positional, i))) ||
            Py_TYPE(PyList_GetItem(positional, i)) == &PyByteArray_Type)
            return 1;
    while (PyDict_Next(named, &at, &key, &value))
        if (!is_scalar(Py_TYPE(value)) || Py_TYPE(value) == &PyByteArray_Type)
            return 1;
    return 0;
}

/* Return the text of arguments; None where they are too long; nothing where that fails. */
static PyObject *
spell_arguments(PyObject *positional, PyObject *named)
{
    PyObject *both = PyList_New(0), *text = NULL;
    enum outcome why = FAULT;

    if (both && !PyList_Append(both, positional) && !PyList_Append(both, named))
        text = spell(both, MAX_ARGUMENTS_BYTES, &why);
    Py_XDECREF(both);
    if (text || why == FAULT)
        return text;
    if (why == TRUNCATED)
        Py_RETURN_NONE;
    if (why == MEMORY)
        return PyErr_NoMemory();
    return PyUnicode_FromString(""); /* what a guest put there is no plain value */
}

/* Make one call and tell what became of it. 0 is success. */
static int
call(struct run *run, long long number, PyObject *asked)
{
    PyObject *positional, *named, *given = NULL, *then = NULL, *text;
    enum outcome why = VALUE;
    long long steps, before;
    int mutates = 0, done;

    if (asked == Py_None)
        return tell(run, number, "bad_arguments", NULL, 0, 0);
    positional = PyTuple_GetItem(asked, 0);
    named = positional ? PyTuple_GetItem(asked, 1) : NULL;
    if (!named)
        return -1;
    if (may_change(positional, named)) {
        given = spell_arguments(positional, named);
        if (!given)
            return -1;
        if (given == Py_None)
            Py_CLEAR(given);
    }
    begin(run->ticks, run->steps < run->steps_left ? run->steps : run->steps_left);
    if (reseeded(run)) {
        Py_XDECREF(given);
        return -1;
    }
    text = outcome(run, positional, named, &why);
    steps = run->ticks->limit - run->ticks->left;
    if (why == FAULT) {
        Py_XDECREF(given);
        return -1;
    }
    if (given && text) {
        then = spell_arguments(positional, named);
        if (!then) {
            Py_DECREF(given);
            Py_DECREF(text);
            return -1;
        }
        mutates = then == Py_None || PyUnicode_Compare(then, given) != 0;
        Py_DECREF(then);
    }
    Py_XDECREF(given);
    before = run->clock_ns; /* one reading ends a call, begins the next */
    run->clock_ns = cpu_clock_ns();
    if (run->ticks->exhausted)
        why = STEP_LIMIT;
    else if (run->clock_ns - before > run->call_cpu_ns)
        why = TIMEOUT_CPU;
    if (why != VALUE && why != EXCEPTION)
        Py_CLEAR(text);
    run->steps_left -= steps;
    run->endless_left = why == STEP_LIMIT ? run->endless_left - 1 : 0;
    if (why == STEP_LIMIT && !run->endless_left)
        run->steps_left = 0; /* all of the first calls were endless */
    done = tell(run, number, names[why], text, steps, mutates);
    Py_XDECREF(text);
    return done;
}

/* Return the code of the bundle, or nothing; an exception is set where that is not yet told. */
static PyObject *
code_of(struct run *run)
{
    PyObject *prepared = field(run, "prepared"), *code;

    if (prepared && PyObject_IsTrue(prepared) == 1)
        return PyObject_CallFunctionObjArgs(kept.loads, prepared, NULL);
    code = prepared ? PyObject_CallFunctionObjArgs(kept.compile_alone, run->request, run->emit, NULL)
                    : NULL;
    if (code == Py_None)
        Py_CLEAR(code);
    return code;
}

/* Return the values of each call; None where a text is none. */
static PyObject *
parsed(PyObject *texts)
{
    PyObject *calls = PyList_New(0), *text, *values;
    Py_ssize_t i;
    int failed;

    for (i = 0; calls && i < PyList_Size(texts); i++) {
        text = PyList_GetItem(texts, i);
        values = read_plain(text);
        if (!values)
            values = PyObject_CallFunctionObjArgs(kept.parse, text, NULL);
        failed = !values || PyList_Append(calls, values);
        Py_XDECREF(values);
        if (failed)
            Py_CLEAR(calls);
    }
    return calls;
}

/* Run the bundle's own lines; find the function. 0 is success; an error is the guest's. */
static int
load(struct run *run, PyObject *code, PyObject *namespace)
{
    PyObject *entry_point = field(run, "entry_point"), *done = NULL;
    PyObject *arguments = PyTuple_Pack(2, code, namespace), *keywords = PyDict_New();

    if (entry_point && arguments && keywords)
        done = call_from(FRAMES_TO_LOAD, kept.execute, arguments, keywords);
    Py_XDECREF(arguments);
    Py_XDECREF(keywords);
    if (!done)
        return -1;
    Py_DECREF(done);
    run->function = PyDict_GetItemWithError(namespace, entry_point);
    if (!run->function && !PyErr_Occurred())
        PyErr_SetObject(PyExc_KeyError, entry_point);
    Py_XINCREF(run->function);
    return run->function ? 0 : -1;
}

static int
tell_load_error(struct run *run)
{
    PyObject *error = caught(), *text = NULL;
    enum outcome why = MEMORY;
    int done;

    if (error)
        text = spell_exception(error, run->max_result_bytes, &why);
    Py_XDECREF(error);
    if (!text && why == FAULT)
        return -1;
    if (!text)
        text = PyUnicode_FromString("a message that cannot be kept");
    done = text ? tell(run, -1, "load_error", text, 0, 0) : -1;
    Py_XDECREF(text);
    return done;
}

/* Return a new module's namespace, with the names that count steps in it. Borrowed. */
static PyObject *
namespace_of(struct run *run)
{
    PyObject *module = PyModule_New("bundle"), *hits = PyByteArray_FromStringAndSize(NULL, 0);
    PyObject *ticking = PyList_New(0), *namespace = NULL;

    /* sys.modules keeps it: dataclasses look for their module there */
    if (module && !PyDict_SetItemString(PyImport_GetModuleDict(), "bundle", module))
        namespace = PyModule_GetDict(module);
    if (!namespace || !hits || !ticking || PyList_Append(ticking, (PyObject *)run->ticks) ||
        PyDict_Update(namespace, kept.namespace) ||
        PyDict_SetItemString(namespace, "__c2c_hits__", hits) ||
        PyDict_SetItemString(namespace, "__c2c_ticks__", ticking))
        namespace = NULL;
    Py_XDECREF(module);
    Py_XDECREF(hits);
    Py_XDECREF(ticking);
    return namespace;
}

/* Make the calls in the order asked for. 0 is success. */
static int
call_all(struct run *run, PyObject *calls)
{
    PyObject *order = field(run, "order");
    Py_ssize_t i;

    run->clock_ns = cpu_clock_ns();
    for (i = 0; order && i < PyList_Size(order); i++) {
        const long long number = PyLong_AsLongLong(PyList_GetItem(order, i));
        PyObject *asked = PyList_GetItem(calls, number);
        int done;
        if (!asked)
            return -1;
        Py_INCREF(asked); /* a guest that looks for it may find the list */
        done = call(run, number, asked);
        Py_DECREF(asked);
        if (done)
            return -1;
    }
    return order ? 0 : -1;
}

static int
load_and_call(struct run *run, PyObject *code, PyObject *calls)
{
    PyObject *namespace = namespace_of(run);
    int failed;

    begin(run->ticks, run->steps);
    if (!namespace || reseeded(run))
        return -1;
    Py_INCREF(namespace);
    failed = load(run, code, namespace);
    Py_DECREF(namespace);
    if (failed)
        return tell_load_error(run);
    if (tell(run, -1, "value", NULL, run->ticks->limit - run->ticks->left, 0))
        return -1;
    return call_all(run, calls);
}

static int
run_all(struct run *run)
{
    PyObject *texts = field(run, "calls"), *code, *calls;
    int done = -1;

    if (!texts)
        return -1;
    PyGC_Disable(); /* what is parsed stays; looking through it would only copy pages */
    code = code_of(run);
    calls = code ? parsed(texts) : NULL;
    PyGC_Enable();
    if (!code)
        return PyErr_Occurred() ? -1 : 0;
    if (calls)
        done = load_and_call(run, code, calls);
    Py_DECREF(code);
    Py_XDECREF(calls);
    return done;
}

static PyObject *
run(PyObject *module, PyObject *args)
{
    struct run run = {0};
    PyObject *seed;
    int done = -1;

    if (!PyArg_ParseTuple(args, "O!O:run", &PyDict_Type, &run.request, &run.emit))
        return NULL;
    run.steps = number_in(&run, "steps");
    run.steps_left = number_in(&run, "function_steps");
    run.endless_left = number_in(&run, "endless_calls");
    run.call_cpu_ns = number_in(&run, "call_cpu_ns");
    run.max_result_bytes = number_in(&run, "max_result_bytes");
    run.bytes_left = number_in(&run, "max_bytes");
    seed = field(&run, "seed");
    if (PyErr_Occurred())
        return NULL;
    if (seed != Py_None)
        run.reseed = PyObject_CallFunctionObjArgs(kept.reseeder, seed, NULL);
    run.ticks = (struct ticks *)PyType_GenericAlloc(ticks_type, 0);
    if ((run.reseed || seed == Py_None) && run.ticks)
        done = run_all(&run);
    Py_XDECREF(run.reseed);
    Py_XDECREF((PyObject *)run.ticks);
    Py_XDECREF(run.function);
    if (done)
        return NULL;
    Py_RETURN_NONE;
}

/* For tests of the recorder alone: the text of a value, or the verdict that there is none. */
static PyObject *
result_text(PyObject *module, PyObject *args)
{
    enum outcome why = VALUE;
    PyObject *value, *text;
    Py_ssize_t limit;

    if (!PyArg_ParseTuple(args, "On:result_text", &value, &limit))
        return NULL;
    text = PyExceptionInstance_Check(value) ? spell_exception(value, limit, &why)
                                            : spell(value, limit, &why);
    if (why == FAULT)
        return NULL;
    return Py_BuildValue("sN", names[why], text ? text : PyUnicode_FromString(""));
}

/* For tests alone: what a text says, or None where that is left to Python. */
static PyObject *
plain_arguments(PyObject *module, PyObject *text)
{
    PyObject *found = PyUnicode_Check(text) ? read_plain(text) : NULL;

    if (!found)
        Py_RETURN_NONE;
    return found;
}

/* Whether each name of `before` stands for the same object. Touches none of them. */
static PyObject *
unchanged(PyObject *module, PyObject *args)
{
    PyObject *now, *before, *key, *value;
    Py_ssize_t at = 0;

    if (!PyArg_ParseTuple(args, "O!O!:unchanged", &PyDict_Type, &now, &PyDict_Type, &before))
        return NULL;
    while (PyDict_Next(before, &at, &key, &value))
        if (PyDict_GetItemWithError(now, key) != value)
            return PyErr_Occurred() ? NULL : PyBool_FromLong(0);
    return PyBool_FromLong(1);
}

/* Get hold of what is needed, before there is a guest. */
static PyObject *
keep(PyObject *module, PyObject *args)
{
    if (!PyArg_ParseTuple(args, "OOOOOOOOO:keep", &kept.step_limit, &kept.loads, &kept.execute,
                          &kept.address_in, &kept.compile_alone, &kept.parse, &kept.reseeder,
                          &kept.namespace, &kept.from_below))
        return NULL;
    Py_INCREF(args); /* which holds them */
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"keep", keep, METH_VARARGS, NULL},
    {"run", run, METH_VARARGS, NULL},
    {"result_text", result_text, METH_VARARGS, NULL},
    {"plain_arguments", plain_arguments, METH_O, NULL},
    {"unchanged", unchanged, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_recorder", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__recorder(void)
{
    PyObject *module = PyModule_Create(&definition);

    kept.comma = PyUnicode_FromString(", ");
    kept.hex = PyUnicode_FromString(" 0x");
    kept.failed = PyUnicode_FromString("<str failed>");
    ticks_type = (PyTypeObject *)PyType_FromSpec(&ticks_spec);
    if (!module || !kept.comma || !kept.hex || !kept.failed || !ticks_type)
        return NULL;
    return module;
}
