/* Reads the text of a call's arguments where it holds plain values, as nearly all do.

   What is read here is just what code/literals.py reads; anything else, and all that is doubtful, is
   left to it. So there is no error here, only "not plain". */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

PyObject *read_plain(PyObject *text); /* for _recorder.c */

enum { MAX_BYTES = 4096, MAX_DEPTH = 20, MAX_DIGITS = 100 };

static const char *const keywords[] = {
    "False",  "None",   "True",    "__debug__", "and",      "as",       "assert", "async", "await",
    "break",  "class",  "continue", "def",      "del",      "elif",     "else",   "except", "finally",
    "for",    "from",   "global",  "if",        "import",   "in",       "is",     "lambda", "nonlocal",
    "not",    "or",     "pass",    "raise",     "return",   "try",      "while",  "with",  "yield",
};

struct reader {
    const char *at, *end; /* there is a zero at `end` */
    int depth;
};

static PyObject *read_value(struct reader *reader);

static int
is_digit(char c)
{
    return '0' <= c && c <= '9';
}

static int
is_of_a_name(char c)
{
    return is_digit(c) || c == '_' || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
}

static void
skip_spaces(struct reader *reader)
{
    while (*reader->at == ' ')
        reader->at++;
}

/* Step over a character, and spaces around it, if it is next. */
static int
takes(struct reader *reader, char c)
{
    skip_spaces(reader);
    if (*reader->at != c)
        return 0;
    reader->at++;
    skip_spaces(reader);
    return 1;
}

static PyObject *
read_number(struct reader *reader, int negative)
{
    const char *begin = reader->at, *at = begin;
    char digits[MAX_DIGITS + 2] = "-", *rest;
    int whole = 1;
    size_t length;

    while (is_digit(*at))
        at++;
    if (at == begin || (*begin == '0' && at > begin + 1))
        return NULL;
    if (*at == '.') {
        whole = 0;
        for (at++; is_digit(*at); at++)
            ;
    }
    if (*at == 'e' || *at == 'E') {
        whole = 0;
        at += at[1] == '-' || at[1] == '+' ? 2 : 1;
        if (!is_digit(*at))
            return NULL;
        while (is_digit(*at))
            at++;
    }
    length = at - begin;
    if (is_of_a_name(*at) || *at == '.' || length > MAX_DIGITS)
        return NULL;
    memcpy(digits + 1, begin, length);
    digits[length + 1] = 0;
    reader->at = at;
    if (whole)
        return PyLong_FromString(negative ? digits : digits + 1, &rest, 10);
    {
        const double value = PyOS_string_to_double(digits + 1, &rest, NULL);
        return PyErr_Occurred() ? NULL : PyFloat_FromDouble(negative ? -value : value);
    }
}

static int
hex_of(char c)
{
    if (is_digit(c))
        return c - '0';
    if ('a' <= c && c <= 'f')
        return c - 'a' + 10;
    return 'A' <= c && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Return what a backslash and what follows stand for, or -1. `at` is behind the backslash. */
static int
read_escape(const char **at)
{
    static const char from[] = "\\'\"nrt", to[] = "\\'\"\n\r\t";
    const char c = *(*at)++, *found = c ? strchr(from, c) : NULL;
    int high, low;

    if (found)
        return (unsigned char)to[found - from];
    if (c != 'x')
        return -1;
    high = hex_of(**at);
    low = high < 0 ? -1 : hex_of((*at)[1]);
    *at += 2;
    return low < 0 ? -1 : high * 16 + low;
}

/* Read a text or bytes behind the opening quote. */
static PyObject *
read_quoted(struct reader *reader, char quote, int of_bytes)
{
    char found[MAX_BYTES + 1]; /* what is escaped is longer than what it stands for */
    const char *at = reader->at;
    size_t used = 0;

    while (*at != quote) {
        int c = (unsigned char)*at++;
        if (c < ' ' || (of_bytes && c > 126))
            return NULL;
        if (c != '\\') {
            found[used++] = c;
            continue;
        }
        c = read_escape(&at);
        if (c < 0)
            return NULL;
        if (of_bytes || c < 128) {
            found[used++] = c;
        } else {
            found[used++] = 0xC0 | c >> 6;
            found[used++] = 0x80 | (c & 0x3F);
        }
    }
    reader->at = at + 1;
    skip_spaces(reader);
    if (*reader->at == '\'' || *reader->at == '"')
        return NULL; /* three quotes, or two texts side by side */
    return of_bytes ? PyBytes_FromStringAndSize(found, used) : PyUnicode_DecodeUTF8(found, used, NULL);
}

/* Append values up to a closing bracket. Return whether a comma stood behind the last; -1: not plain. */
static int
read_items(struct reader *reader, char close, PyObject *list)
{
    int comma = 0;

    while (!takes(reader, close)) {
        PyObject *value = PyList_Size(list) && !comma ? NULL : read_value(reader);
        const int failed = !value || PyList_Append(list, value);
        Py_XDECREF(value);
        if (failed)
            return -1;
        comma = takes(reader, ',');
    }
    return comma;
}

static PyObject *
read_list(struct reader *reader)
{
    PyObject *list = PyList_New(0);

    if (list && read_items(reader, ']', list) < 0)
        Py_CLEAR(list);
    return list;
}

static PyObject *
read_tuple(struct reader *reader)
{
    PyObject *list = PyList_New(0), *found = NULL;
    const int comma = list ? read_items(reader, ')', list) : -1;

    if (comma >= 0 && PyList_Size(list) == 1 && !comma) {
        found = PyList_GetItem(list, 0); /* brackets around one value */
        Py_INCREF(found);
    } else if (comma >= 0) {
        found = PyList_AsTuple(list);
    }
    Py_XDECREF(list);
    return found;
}

static PyObject *
read_dict(struct reader *reader)
{
    PyObject *dict = PyDict_New(), *key, *value;
    int comma = 1, failed = !dict;

    while (!failed && !takes(reader, '}')) {
        key = comma ? read_value(reader) : NULL;
        value = key && takes(reader, ':') ? read_value(reader) : NULL;
        failed = !value || PyDict_SetItem(dict, key, value);
        Py_XDECREF(key);
        Py_XDECREF(value);
        comma = takes(reader, ',');
    }
    if (failed)
        Py_CLEAR(dict);
    return dict;
}

static int
takes_word(struct reader *reader, const char *word)
{
    const size_t length = strlen(word);

    if (strncmp(reader->at, word, length) || is_of_a_name(reader->at[length]))
        return 0;
    reader->at += length;
    return 1;
}

static PyObject *
read_word(struct reader *reader)
{
    if (takes_word(reader, "None"))
        Py_RETURN_NONE;
    if (takes_word(reader, "True"))
        Py_RETURN_TRUE;
    if (takes_word(reader, "False"))
        Py_RETURN_FALSE;
    return NULL;
}

static PyObject *
read_nested(struct reader *reader, PyObject *(*read)(struct reader *))
{
    PyObject *found;

    reader->at++;
    if (reader->depth >= MAX_DEPTH)
        return NULL;
    reader->depth++;
    found = read(reader);
    reader->depth--;
    return found;
}

static PyObject *
read_value(struct reader *reader)
{
    const char c = *reader->at;

    switch (c) {
    case '[':
        return read_nested(reader, read_list);
    case '(':
        return read_nested(reader, read_tuple);
    case '{':
        return read_nested(reader, read_dict);
    case '\'':
    case '"':
        reader->at++;
        return read_quoted(reader, c, 0);
    case 'b':
        reader->at += 2;
        return reader->at[-1] == '\'' || reader->at[-1] == '"'
                   ? read_quoted(reader, reader->at[-1], 1)
                   : NULL;
    case '-':
        reader->at++;
        return read_number(reader, 1);
    }
    return is_digit(c) ? read_number(reader, 0) : read_word(reader);
}

/* Return the length of a name that stands before a single "=", or 0. */
static size_t
keyword_length(const struct reader *reader)
{
    const char *at = reader->at;
    size_t length, i;

    while (is_of_a_name(*at))
        at++;
    length = at - reader->at;
    while (*at == ' ')
        at++;
    if (!length || is_digit(*reader->at) || *at != '=' || at[1] == '=')
        return 0;
    for (i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strlen(keywords[i]) == length && !strncmp(keywords[i], reader->at, length))
            return 0;
    return length;
}

/* Read one argument to where it belongs. Return whether it is plain. */
static int
read_argument(struct reader *reader, PyObject *positional, PyObject *named)
{
    const size_t length = keyword_length(reader);
    PyObject *name = NULL, *value;
    int plain;

    if (length) {
        name = PyUnicode_FromStringAndSize(reader->at, length);
        reader->at += length;
        takes(reader, '=');
    }
    value = read_value(reader);
    if (!value || (length && !name))
        plain = 0;
    else if (name)
        plain = PyDict_Contains(named, name) == 0 && !PyDict_SetItem(named, name, value);
    else
        plain = !PyDict_Size(named) && !PyList_Append(positional, value);
    Py_XDECREF(name);
    Py_XDECREF(value);
    return plain;
}

/* Return (positional, named), or nothing and no error. */
PyObject *
read_plain(PyObject *text)
{
    struct reader reader = {NULL, NULL, 0};
    PyObject *positional, *named, *found = NULL;
    Py_ssize_t size;
    int plain, comma = 1;

    reader.at = PyUnicode_AsUTF8AndSize(text, &size);
    if (!reader.at || size > MAX_BYTES || strlen(reader.at) != (size_t)size) {
        PyErr_Clear();
        return NULL;
    }
    reader.end = reader.at + size;
    positional = PyList_New(0);
    named = PyDict_New();
    plain = positional && named;
    skip_spaces(&reader);
    while (plain && reader.at < reader.end) {
        plain = comma && read_argument(&reader, positional, named);
        comma = plain && takes(&reader, ',');
    }
    if (plain)
        found = PyTuple_Pack(2, positional, named);
    Py_XDECREF(positional);
    Py_XDECREF(named);
    PyErr_Clear();
    return found;
}
