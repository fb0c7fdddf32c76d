/*
 * This program's own memory must not be seen in what is measured: every process locks what it has outside the window,
 * and writes to all of it before each operation, so that nothing of it is left to copy after a fork.
 */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANGES = 64 };

static struct range {
	volatile char *start, *end;
	int writable;
} ranges[RANGES];
static int nr_ranges;
static char maps[16384];

static size_t read_maps(void)
{
	size_t got = 0;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	for (ssize_t n; (n = read(fd, maps + got, sizeof(maps) - 1 - got)) > 0;)
		got += n;
	close(fd);
	maps[got] = 0;
	return got;
}

static void lock_range(const char *line)
{
	unsigned long start, end;
	char read, write;
	if (sscanf(line, "%lx-%lx %c%c", &start, &end, &read, &write) != 4)
		return;
	int in_window = start < WINDOW_END && end > WINDOW_START;
	if (in_window || read != 'r' || strstr(line, "[v") || nr_ranges == RANGES)
		return;
	mlock((void *)start, end - start);
	ranges[nr_ranges++] = (struct range){ (char *)start, (char *)end, write == 'w' };
}

void lock_own_memory(void)
{
	nr_ranges = 0;
	read_maps();
	for (char *rest = maps, *line; (line = strsep(&rest, "\n")) && *line;)
		lock_range(line);
}

void touch_own_memory(void)
{
	for (int i = 0; i < nr_ranges; i++)
		for (volatile char *at = ranges[i].start; at < ranges[i].end; at += PAGE) {
			char byte = *at;
			if (ranges[i].writable)
				*at = byte;
		}
}
