/* By how much the counters of /proc/vmstat move over an operation. */
#include "guest.h"

#include <stdio.h>
#include <string.h>

enum { COUNTERS = 512, NAME = 48 };

static struct counter {
	char name[NAME];
	long value;
} before[COUNTERS], after[COUNTERS];

static int read_counters(struct counter *counters)
{
	int n = 0;
	for (char *rest = read_file("/proc/vmstat", NULL), *line; n < COUNTERS && (line = strsep(&rest, "\n")) && *line;)
		if (sscanf(line, "%47s %ld", counters[n].name, &counters[n].value) == 2)
			n++;
	return n;
}

void note_counters(void)
{
	read_counters(before);
}

/* All that moved; those named nr_ are levels, not counts of what happened. */
void say_counters(void)
{
	int n = read_counters(after), said = 0;
	say(",\"vm\":{");
	for (int i = 0; i < n; i++)
		if (after[i].value != before[i].value && strncmp(after[i].name, "nr_", 3) != 0)
			say("%s\"%s\":%ld", said++ ? "," : "", after[i].name, after[i].value - before[i].value);
	say("}");
}
