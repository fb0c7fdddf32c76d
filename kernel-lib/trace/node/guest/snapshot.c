/* What /proc shows of the processes' windows, as it stands there: names and letters are given on the host. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRESENT (1ull << 63)
#define FRAME ((1ull << 55) - 1)

long object_pages[OBJECTS];
static int kpageflags = -1, kpagecount = -1;

void open_page_files(void)
{
	kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	kpagecount = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	if (kpageflags < 0 || kpagecount < 0)
		fail("/proc/kpageflags: %s; the kernel needs CONFIG_PROC_PAGE_MONITOR", strerror(errno));
}

struct page {
	uint64_t entry, flags, count;
};

static struct page look_up(int pagemap, unsigned long address)
{
	struct page page = { 0 };
	if (pread(pagemap, &page.entry, 8, address / PAGE * 8) != 8)
		fail("pagemap at %lx: %s", address, strerror(errno));
	if (page.entry & PRESENT) {
		off_t at = (page.entry & FRAME) * 8;
		if (pread(kpageflags, &page.flags, 8, at) != 8 || pread(kpagecount, &page.count, 8, at) != 8)
			fail("kpageflags of frame %llx: %s", (unsigned long long)at / 8, strerror(errno));
	}
	return page;
}

/* Whether a page goes on a run whose pages are equal but for frames that rise by `step`. */
static int goes_on(const struct page *first, const struct page *next, long length, int step)
{
	return next->entry == first->entry + (uint64_t)step * length && next->flags == first->flags &&
	       next->count == first->count;
}

static void say_run(const struct page *page, long length, int step)
{
	if (page->entry & PRESENT)
		say("[%ld,\"%llx\",\"%llx\",%llu,%d]", length, (unsigned long long)page->entry,
		    (unsigned long long)page->flags, (unsigned long long)page->count, step);
	else
		say("[%ld,\"%llx\"]", length, (unsigned long long)page->entry);
}

static void say_pages(int pagemap, unsigned long start, unsigned long end)
{
	struct page first = look_up(pagemap, start);
	long length = 1;
	int step = 0;
	for (unsigned long at = start + PAGE; at < end; at += PAGE) {
		struct page next = look_up(pagemap, at);
		if (length == 1)
			step = first.entry & PRESENT && goes_on(&first, &next, 1, 1);
		if (goes_on(&first, &next, length, step)) {
			length++;
			continue;
		}
		say_run(&first, length, step);
		say(",");
		first = next;
		length = 1;
	}
	say_run(&first, length, step);
}

/* One line below a mapping's first in smaps: `Rss: 4 kB`, `VmFlags: rd wr`. */
static void say_field(char *line, int *fields)
{
	char *value = strchr(line, ':');
	if (!value)
		return;
	*value++ = 0;
	value += strspn(value, " ");
	if (strcmp(line, "VmFlags") == 0)
		say("},\"fl\":\"%s\"", value);
	else if (atol(value) != 0)
		say("%s\"%s\":%ld", (*fields)++ ? "," : "", line, atol(value));
}

static void say_mappings(pid_t pid, int pagemap)
{
	char path[32], perms[5] = "";
	unsigned long start = 0, end = 0, offset, from, to;
	int mappings = 0, fields = 0, inside = 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	for (char *rest = read_file(path, NULL), *line; (line = strsep(&rest, "\n")) && *line;) {
		if (sscanf(line, "%lx-%lx %4s %lx", &from, &to, perms, &offset) == 4) {
			inside = from >= WINDOW_START && from < WINDOW_END;
			if (!inside)
				continue;
			start = from;
			end = to;
			fields = 0;
			say("%s{\"start\":\"%lx\",\"end\":\"%lx\",\"pr\":\"%s\",\"off\":\"%lx\",\"sm\":{",
			    mappings++ ? "," : "", start, end, perms, offset);
		} else if (inside) {
			int last = strncmp(line, "VmFlags", 7) == 0;
			say_field(line, &fields);
			if (last) {
				say(",\"pg\":[");
				say_pages(pagemap, start, end);
				say("]}");
			}
		}
	}
}

void say_processes(void)
{
	int said = 0;
	say(",\"S\":{");
	for (int process = 0; process < PROCESSES; process++) {
		char path[32];
		if (shared->pid[process] == 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/pagemap", shared->pid[process]);
		int pagemap = open(path, O_RDONLY | O_CLOEXEC);
		say("%s\"%d\":[", said++ ? "," : "", process);
		say_mappings(shared->pid[process], pagemap);
		say("]");
		close(pagemap);
	}
	say("}");
}

static void say_cached(int fd, long pages)
{
	static unsigned char cached[VALUES];
	size_t length = pages * PAGE;
	void *at = pages ? mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (at == MAP_FAILED || mincore(at, length, cached) != 0)
		pages = 0;
	for (long i = 0; i < pages && i < VALUES; i++)
		say("%d", cached[i] & 1);
	if (at != MAP_FAILED)
		munmap(at, length);
}

void say_objects(void)
{
	int said = 0;
	for (int object = 0; object < OBJECTS; object++) {
		struct stat stat;
		if (objects[object] < 0 || fstat(objects[object], &stat) != 0)
			continue;
		say("%s{\"o\":%d,\"size\":%ld,\"blocks\":%ld,\"inc\":\"", said++ ? "," : ",\"O\":[", object,
		    (long)stat.st_size / PAGE, (long)stat.st_blocks / 8);
		say_cached(objects[object], stat.st_size / PAGE);
		say("\"}");
	}
	if (said)
		say("]");
}
