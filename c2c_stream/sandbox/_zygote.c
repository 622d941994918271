/* The warm interpreter's loop: forks one child for each order, watches it, reports how it ended.

   After a fork each page that either side touches is copied, which is most of what a child costs.
   So the parent never touches a Python object here, and its child closes the last walls before it
   does. The layouts are those of protocol.py and arena.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

PyObject *lay_out_memory(PyObject *module, PyObject *args); /* of _memory.c */

struct order {
    uint32_t request_bytes, cpu_ms, wall_ms;
};

struct report {
    int32_t stopped, exit_code;
    uint32_t cpu_us, wall_us;
    uint64_t memory_bytes;
};

_Static_assert(sizeof(struct order) == 12, "as protocol.ORDER");
_Static_assert(sizeof(struct report) == 24, "as protocol.REPORT");

enum { COMPILED = 2 }; /* as protocol.COMPILED: change both with any change that callers see */
enum { NOT_STOPPED, STOPPED_BY_CPU, STOPPED_BY_WALL };
enum { STARTED = 1 };
enum { LATER_MS = 1 };       /* a CPU clock may lag behind what a timer says */
enum { CPU_BACKSTOP_S = 2 }; /* beyond an order's limit: steps of RLIMIT_CPU are whole seconds */
enum { CPUCLOCK_SCHED = 2 }; /* of the kernel's per-process clock ids */

/* What the children of one zygote share. */
static struct {
    char *arena;
    size_t size, frames_at, used;
} shared;

/* How a child is watched: what it used and when it is, asked for after `ms`; 0 when it has ended. */
struct clocks {
    int64_t cpu_ms, now_ms;
};
typedef int (*wait_for)(void *whom, int64_t ms, struct clocks *found);

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Wait for a child's end; say at which limit it has to be killed, if at one.

   One that computes on a busy machine is given time until its CPU clock ends it: the wall clock is
   for a child that gets less than a part of a core because it waits. */
static int
watch(int64_t cpu_ms, int64_t wall_ms, int64_t waiting_share, int64_t started_ms, wait_for wait,
      void *whom)
{
    int64_t left_cpu = cpu_ms, left_wall = wall_ms, left_before = cpu_ms;
    int64_t until = started_ms + wall_ms;
    struct clocks found;

    while (wait(whom, least(left_cpu, left_wall) + LATER_MS, &found)) {
        left_cpu = cpu_ms - found.cpu_ms;
        left_wall = until - found.now_ms;
        if (left_wall <= 0 && (left_before - left_cpu) * waiting_share > wall_ms) {
            until += wall_ms - left_wall;
            left_wall = wall_ms;
            left_before = left_cpu;
        }
        if (left_cpu <= 0)
            return STOPPED_BY_CPU;
        if (left_wall <= 0)
            return STOPPED_BY_WALL;
    }
    return NOT_STOPPED;
}

static int64_t
clock_ns(clockid_t which)
{
    struct timespec t;
    return clock_gettime(which, &t) ? 0 : t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void
of_ended_children(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
}

static int
wait_for_child(void *whom, int64_t ms, struct clocks *found)
{
    const pid_t pid = *(pid_t *)whom;
    const struct timespec timeout = {ms / 1000, ms % 1000 * 1000000};
    sigset_t ended;

    of_ended_children(&ended);
    if (sigtimedwait(&ended, NULL, &timeout) == SIGCHLD)
        return 0;
    found->cpu_ms = clock_ns(~(clockid_t)pid << 3 | CPUCLOCK_SCHED) / 1000000; /* 0: it is gone */
    found->now_ms = clock_ns(CLOCK_MONOTONIC) / 1000000;
    return 1;
}

/* What each zygote does for its children, prepared before the first of them. */
struct walls {
    int control;
    uid_t child_uid;
    int drop_uid;
    struct sock_fprog filter;
};

/* Close the last walls around this child. 0 is success. */
static int
enclose(const struct walls *walls, uint32_t cpu_ms)
{
    const rlim_t seconds = cpu_ms / 1000 + CPU_BACKSTOP_S;
    const struct rlimit cpu = {seconds, seconds}, none = {0, 0};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const struct __user_cap_data_struct nothing[2] = {{0, 0, 0}, {0, 0, 0}};

    if (close(walls->control) || setrlimit(RLIMIT_CPU, &cpu) || setrlimit(RLIMIT_NPROC, &none))
        return -1;
    if (walls->drop_uid) { /* takes the capabilities as well */
        if (setresuid(walls->child_uid, walls->child_uid, walls->child_uid))
            return -1;
    } else if (syscall(SYS_capset, &header, nothing)) {
        return -1;
    }
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &walls->filter);
}

static void
set_state(uint32_t state)
{
    memcpy(shared.arena + shared.frames_at, &state, sizeof state);
}

static int
exit_code_of(int status)
{
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Fork into a namespace of pids.

   Not fork(): that would take two calls more. Nor does the interpreter hear of it: it has one thread,
   no handlers, and nothing of it changes but the pid. */
static pid_t
fork_child(void)
{
    return syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Run one order. Return 1 in the child, 0 in the zygote, -1 where it cannot go on. */
static int
run(const struct walls *walls, const struct order *order, int64_t waiting_share, long base_kb)
{
    const int64_t started = clock_ns(CLOCK_MONOTONIC);
    struct report report;
    struct rusage usage;
    int status;
    pid_t pid;

    pid = fork_child();
    if (pid < 0)
        return -1;
    if (pid == 0) {
        if (enclose(walls, order->cpu_ms))
            _exit(1);
        return 1;
    }
    report.stopped = watch(order->cpu_ms, order->wall_ms, waiting_share, started / 1000000,
                           wait_for_child, &pid);
    if (report.stopped)
        kill(pid, SIGKILL); /* not yet waited for, so the pid is still its own */
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            return -1;
    if (report.stopped) { /* take its signal, or it would end the next one's wait */
        sigset_t ended;
        int signal;
        of_ended_children(&ended);
        sigwait(&ended, &signal);
    }
    report.exit_code = exit_code_of(status);
    report.cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    report.wall_us = (clock_ns(CLOCK_MONOTONIC) - started) / 1000;
    report.memory_bytes = usage.ru_maxrss > base_kb ? (usage.ru_maxrss - base_kb) * 1024 : 0;
    return write(walls->control, &report, sizeof report) == sizeof report ? 0 : -1;
}

static PyObject *
serve(PyObject *module, PyObject *args)
{
    struct walls walls = {0};
    struct order order;
    Py_buffer filter;
    long long waiting_share;
    int child_uid, which;
    long base_kb;
    sigset_t ended;

    if (!PyArg_ParseTuple(args, "iy*iLl:serve", &walls.control, &filter, &child_uid,
                          &waiting_share, &base_kb))
        return NULL;
    walls.child_uid = child_uid;
    walls.drop_uid = getuid() != walls.child_uid;
    walls.filter.len = filter.len / sizeof(struct sock_filter);
    walls.filter.filter = filter.buf; /* never released: children read it */
    of_ended_children(&ended);
    sigprocmask(SIG_BLOCK, &ended, NULL);

    while (read(walls.control, &order, sizeof order) == sizeof order) {
        which = run(&walls, &order, waiting_share, base_kb);
        if (which < 0)
            break;
        if (which == 1) {
            set_state(STARTED);
            return PyMemoryView_FromMemory(shared.arena, order.request_bytes, PyBUF_READ);
        }
    }
    Py_RETURN_NONE;
}

/* Append one frame, committed at once, so that a kill loses none. */
static PyObject *
append(const char *text, Py_ssize_t length)
{
    char *frames = shared.arena + shared.frames_at;
    const size_t capacity = shared.size - shared.frames_at - 8, end = shared.used + 4 + length;
    const uint32_t size = length, committed = end;

    if ((size_t)length > capacity || end > capacity)
        return PyErr_Format(PyExc_OverflowError, "frames of %zu bytes; the arena holds %zu", end,
                            capacity);
    memcpy(frames + 8 + shared.used, &size, 4);
    memcpy(frames + 12 + shared.used, text, length);
    shared.used = end;
    memcpy(frames + 4, &committed, 4);
    Py_RETURN_NONE;
}

static PyObject *
emit(PyObject *module, PyObject *text)
{
    PyObject *escaped, *done;
    char *bytes;
    Py_ssize_t length;
    const char *plain = PyUnicode_AsUTF8AndSize(text, &length);

    if (plain)
        return append(plain, length);
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
        return NULL;
    PyErr_Clear();
    escaped = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
    if (!escaped)
        return NULL;
    done = PyBytes_AsStringAndSize(escaped, &bytes, &length) ? NULL : append(bytes, length);
    Py_DECREF(escaped);
    return done;
}

static PyObject *
mark(PyObject *module, PyObject *state)
{
    set_state(PyLong_AsLong(state));
    Py_RETURN_NONE;
}

static PyObject *
leave(PyObject *module, PyObject *state)
{
    set_state(PyLong_AsLong(state));
    _exit(0);
}

static PyObject *
map_arena(PyObject *module, PyObject *args)
{
    int fd;
    Py_ssize_t size, frames_at;
    void *found;
    PyObject *view;

    if (!PyArg_ParseTuple(args, "inn:map_arena", &fd, &size, &frames_at))
        return NULL;
    found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (found == MAP_FAILED)
        return PyErr_SetFromErrno(PyExc_OSError);
    shared.arena = found;
    shared.size = size;
    shared.frames_at = frames_at;
    shared.used = 0;
    view = PyMemoryView_FromMemory(found, size, PyBUF_WRITE);
    if (PyModule_AddObjectRef(module, "_arena", view)) {
        Py_XDECREF(view);
        return NULL;
    }
    return view;
}

/* Make a system call by its number; numbers, and the addresses of bytes, are passed on as they are. */
static PyObject *
system_call(PyObject *module, PyObject *args)
{
    long values[7] = {0}, result;
    Py_buffer held[7];
    Py_ssize_t i, count = PyTuple_Size(args), holds = 0;
    PyObject *value;

    if (count < 1 || count > 7)
        return PyErr_Format(PyExc_TypeError, "a number and at most six arguments; not %zd", count);
    for (i = 0; i < count; i++) {
        value = PyTuple_GetItem(args, i);
        if (PyLong_Check(value)) {
            values[i] = PyLong_AsLong(value);
            if (values[i] == -1 && PyErr_Occurred())
                break;
        } else if (value != Py_None) {
            if (PyObject_GetBuffer(value, &held[holds], PyBUF_SIMPLE))
                break;
            values[i] = (long)held[holds++].buf;
        }
    }
    result = 0;
    if (i == count) {
        result = syscall(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
        if (result < 0)
            PyErr_SetFromErrno(PyExc_OSError);
    }
    while (holds)
        PyBuffer_Release(&held[--holds]);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(result);
}

static PyObject *
load_filter(PyObject *module, PyObject *program)
{
    struct sock_fprog filter;
    Py_buffer held;
    long failed;

    if (PyObject_GetBuffer(program, &held, PyBUF_SIMPLE))
        return NULL;
    filter.len = held.len / sizeof(struct sock_filter);
    filter.filter = held.buf;
    failed = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    PyBuffer_Release(&held);
    if (failed)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

static PyObject *
type_modified(PyObject *module, PyObject *kind)
{
    if (!PyType_Check(kind))
        return PyErr_Format(PyExc_TypeError, "not a type");
    PyType_Modified((PyTypeObject *)kind);
    Py_RETURN_NONE;
}

/* For a test of the decision alone: a callable stands in for the child and for the clocks. */
static int
wait_for_told(void *whom, int64_t ms, struct clocks *found)
{
    long long cpu_ms, now_ms;
    PyObject *told = PyObject_CallFunction(whom, "L", (long long)ms);
    const int goes_on = told && told != Py_None && PyArg_ParseTuple(told, "LL", &cpu_ms, &now_ms);

    Py_XDECREF(told);
    if (goes_on)
        *found = (struct clocks){cpu_ms, now_ms};
    return goes_on;
}

static PyObject *
watch_told(PyObject *module, PyObject *args)
{
    long long cpu_ms, wall_ms, waiting_share;
    PyObject *wait;
    int stopped;

    if (!PyArg_ParseTuple(args, "LLLO:watch", &cpu_ms, &wall_ms, &waiting_share, &wait))
        return NULL;
    stopped = watch(cpu_ms, wall_ms, waiting_share, 0, wait_for_told, wait);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(stopped);
}

static PyMethodDef methods[] = {
    {"load_filter", load_filter, METH_O, NULL},
    {"type_modified", type_modified, METH_O, NULL},
    {"watch", watch_told, METH_VARARGS, NULL},
    {"system_call", system_call, METH_VARARGS, NULL},
    {"serve", serve, METH_VARARGS, NULL},
    {"emit", emit, METH_O, NULL},
    {"mark", mark, METH_O, NULL},
    {"leave", leave, METH_O, NULL},
    {"lay_out_memory", lay_out_memory, METH_VARARGS, NULL},
    {"map_arena", map_arena, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_zygote", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__zygote(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddIntConstant(module, "COMPILED", COMPILED)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
