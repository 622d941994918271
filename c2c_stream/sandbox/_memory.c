/* Lays out the memory of a warm interpreter, so that to fork it, and to live as its child, costs less.

   A fork copies a table entry for each page that its parent has written, and an ended child gives each
   of them back; a child copies each page that it writes. So here, once before the first fork:
   - what is free in the heaps, scattered over written pages, is given away: children allocate from
     fresh pages, one behind the other;
   - the text of large libraries moves to huge pages: two table entries, and no faults;
   - all that was written moves to a file in memory, mapped privately in its place: a fork copies no
     entry of it, and what nobody touches costs nobody anything. Only copies of its pages can be
     written, by whom maps it privately: nobody holds the file open.
   Where the kernel refuses one of these, all stays as it was. */

#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

PyObject *lay_out_memory(PyObject *module, PyObject *args); /* for _zygote.c */

enum { HUGE_BYTES = 2 << 20, PAGE_BYTES = 4 << 10 }; /* larger pages are copied in parts of it */
enum { COLLAPSE = 25 }; /* MADV_COLLAPSE, of Linux 6.1: fails where pages are not huge */
enum { MAX_RANGES = 512, MAX_MAPS_BYTES = 128 << 10 };
/* pymalloc: its classes of sizes, how they are aligned, and where in a pool its first block lies. */
enum { POOL_BYTES = 16 << 10, CLASS_BYTES = 16, MAX_CLASS_BYTES = 512, FIRST_BLOCK = 64 };
enum { MAX_BLOCKS = 1 << 16 }; /* of one class: where pools are not as above, it must end, too */
/* Larger free chunks of the heap may stay: few children ask for one. */
enum { FRESH_HEAP_BYTES = 1 << 20, MAX_CHUNK_BYTES = 64 << 10, CHUNK_STEP = 16, MIN_CHUNK = 24 };

struct range {
    char *begin, *end;
    int access;        /* as PROT_* says */
    const char *of;    /* the file that is mapped, or nothing */
    int is_private;
};

static char maps[MAX_MAPS_BYTES];
static struct range ranges[MAX_RANGES];

/* Take all blocks that are free in pools that hold others as well. They are never given back. */
static void
fill_pools(void)
{
    size_t size, blocks;

    for (size = CLASS_BYTES; size <= MAX_CLASS_BYTES; size += CLASS_BYTES)
        for (blocks = 0; blocks < MAX_BLOCKS; blocks++) {
            void *block = PyObject_Malloc(size);
            if (!block)
                return;
            if ((uintptr_t)block % POOL_BYTES < FIRST_BLOCK) { /* a pool that was empty */
                PyObject_Free(block);
                break;
            }
        }
}

/* Take all chunks of the C library's heap that are free below its end. */
static void
fill_heap(void)
{
#ifdef __GLIBC__
    char *fresh, *chunk;
    size_t size;

    mallopt(M_MMAP_THRESHOLD, 2 * FRESH_HEAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, 2 * FRESH_HEAP_BYTES); /* children give nothing back, either */
    fresh = malloc(FRESH_HEAP_BYTES);
    for (size = MAX_CHUNK_BYTES; fresh && size >= MIN_CHUNK; size -= CHUNK_STEP) {
        do
            chunk = malloc(size);
        while (chunk && chunk < fresh);
        free(chunk);
    }
    free(fresh);
    mallopt(M_MMAP_THRESHOLD, 128 << 10); /* what it was */
#endif
}

/* Read one line of maps. Return what follows it. */
static char *
parse_range(char *line, struct range *found)
{
    char *rest, *end = strchr(line, '\n');

    if (end)
        *end = 0;
    found->begin = (char *)strtoul(line, &rest, 16);
    found->end = (char *)strtoul(rest + 1, &rest, 16);
    rest++;
    found->access = (rest[0] == 'r' ? PROT_READ : 0) | (rest[1] == 'w' ? PROT_WRITE : 0) |
                    (rest[2] == 'x' ? PROT_EXEC : 0);
    found->is_private = rest[3] == 'p';
    found->of = strpbrk(rest, "/["); /* behind it are only numbers */
    return end ? end + 1 : NULL;
}

/* Fill `ranges` from what the kernel tells. Return how many there are. */
static int
read_ranges(int fd)
{
    size_t used = 0;
    ssize_t got;
    int count = 0;
    char *line = maps;

    while (used < sizeof maps - 1 && (got = read(fd, maps + used, sizeof maps - 1 - used)) > 0)
        used += got;
    maps[used] = 0;
    while (line && *line && count < MAX_RANGES)
        line = parse_range(line, &ranges[count++]);
    return count;
}

static int
is_text(const struct range *range)
{
    return range->is_private && range->of && range->of[0] == '/' &&
           (range->access & ~PROT_EXEC) == PROT_READ;
}

static char *
huge_up(char *address)
{
    return (char *)(((uintptr_t)address + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1));
}

/* Move whole huge pages of a library's text and constants to memory of that kind. */
static void
enlarge(char *begin, char *end)
{
    size_t size;
    char *fresh, *aligned;

    begin = huge_up(begin);
    if (end < begin + HUGE_BYTES)
        return;
    size = (size_t)(end - begin) & ~(size_t)(HUGE_BYTES - 1);
    fresh = mmap(NULL, size + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED)
        return;
    aligned = huge_up(fresh);
    madvise(aligned, size, MADV_HUGEPAGE);
    memcpy(aligned, begin, size);
    if (!madvise(aligned, size, COLLAPSE) && !mprotect(aligned, size, PROT_READ | PROT_EXEC))
        mremap(aligned, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin);
    munmap(fresh, aligned - fresh);
    munmap(aligned + size, fresh + HUGE_BYTES - aligned);
    munmap(aligned, size); /* where it did not move */
}

/* Enlarge what lies side by side of one file and is only read. */
static void
enlarge_text(int count)
{
    int i, first;

    for (i = 0; i < count; i++) {
        first = i;
        while (is_text(&ranges[first]) && i + 1 < count && is_text(&ranges[i + 1]) &&
               ranges[i + 1].begin == ranges[i].end && !strcmp(ranges[i + 1].of, ranges[first].of))
            i++;
        if (!is_text(&ranges[first]))
            continue;
        mprotect(ranges[first].begin, ranges[i].end - ranges[first].begin, PROT_READ | PROT_EXEC);
        enlarge(ranges[first].begin, ranges[i].end);
    }
}

static int
is_written(const struct range *range)
{
    return range->is_private && range->access == (PROT_READ | PROT_WRITE) &&
           !(range->of && range->of[0] == '[' && strcmp(range->of, "[heap]"));
}

/* Copy pages; what holds nothing stays a hole, which takes no memory. */
static void
copy_pages(char *to, const char *from, size_t size)
{
    size_t at, word;

    for (at = 0; at < size; at += PAGE_BYTES) {
        const uint64_t *words = (const uint64_t *)(from + at);
        for (word = 0; word < PAGE_BYTES / sizeof *words && !words[word]; word++)
            ;
        if (word < PAGE_BYTES / sizeof *words)
            memcpy(to + at, from + at, PAGE_BYTES);
    }
}

/* Map a file in place of all that was written, the stack aside, which is written on meanwhile. */
static void
move_written(int fd, int count)
{
    size_t size = 0, at = 0;
    char *copy;
    int i;

    for (i = 0; i < count; i++)
        size += is_written(&ranges[i]) ? ranges[i].end - ranges[i].begin : 0;
    if (ftruncate(fd, size))
        return;
    copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (copy == MAP_FAILED)
        return;
    /* From here to the last mapping nothing but the stack may be written. */
    for (i = 0; i < count; i++)
        if (is_written(&ranges[i])) {
            copy_pages(copy + at, ranges[i].begin, ranges[i].end - ranges[i].begin);
            at += ranges[i].end - ranges[i].begin;
        }
    for (i = 0, at = 0; i < count; i++)
        if (is_written(&ranges[i])) {
            const size_t length = ranges[i].end - ranges[i].begin;
            mmap(ranges[i].begin, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, at);
            at += length;
        }
    munmap(copy, size);
}

/* Return what a child has of memory that does nothing, in KiB. */
static long
base_of_children(void)
{
    struct rusage usage;
    const pid_t pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    return pid > 0 && wait4(pid, NULL, 0, &usage) == pid ? usage.ru_maxrss : 0;
}

PyObject *
lay_out_memory(PyObject *module, PyObject *args)
{
    int maps_fd, file, count;

    if (!PyArg_ParseTuple(args, "ii:lay_out_memory", &maps_fd, &file))
        return NULL;
    fill_pools();
    fill_heap();
    count = read_ranges(maps_fd);
    enlarge_text(count);
    move_written(file, count);
    return PyLong_FromLong(base_of_children());
}
