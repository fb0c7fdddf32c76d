/*
 * The program that `faultbook record` runs as /init of a guest: the harness (process 1), up to eight processes of a
 * program, which are its descendants and obey it, and what prints the guest's answers, one JSON object a line.
 */
#ifndef GUEST_H
#define GUEST_H

#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PAGE = 4096,
	PROCESSES = 8,
	OBJECTS = 16,
	PIPES = 16,
	BUFFERS = 16,
	WORDS = 8,
	VALUES = 4096,
};

/* Where a program's regions lie: nothing of this program's own may be there. */
#define WINDOW_START 0x20000000ul
#define REGION_SIZE 0x01000000ul
#define WINDOW_END (WINDOW_START + 12 * REGION_SIZE)

static inline char *page_at(long region, long index)
{
	return (char *)(WINDOW_START + region * REGION_SIZE + index * PAGE);
}

/* A line of a program, in words; missing words are empty. */
struct operation {
	char text[256];
	const char *name;
	char *word[WORDS];
	int words;
};

/* What an operation gave back. */
struct result {
	long ret;
	int err;
	int signal, code;
	int has_val;
	unsigned long val;
	int nr_vals;
	int vals[VALUES];
	int has_faults;
	long min, maj;
};

/* An io_uring with one registered buffer. */
struct buffer {
	int fd;
	char *start;
	long pages;
	struct io_uring_params params;
};

/* What the harness and the processes share: a mapping outside the window. */
struct shared {
	pid_t pid[PROCESSES];
	char command[256];
	struct result result;
	/* Descriptor that a process made and the harness is to take over; the ring's measures, if it is one. */
	int made;
	struct io_uring_params params;
	/* The harness's descriptors of the processes' userfaultfds, -1 for none. */
	int userfaultfd[PROCESSES];
};

extern struct shared *shared;
extern int command_pipe[PROCESSES][2], done_pipe[PROCESSES][2];
extern int pipes[PIPES][2];
extern int objects[OBJECTS];
extern struct buffer buffers[BUFFERS];
extern int disk;

/* main.c: ends the guest with a line that says why. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* text.c */
int split(struct operation *operation, const char *line);
long number(const struct operation *operation, int word);
int is(const struct operation *operation, const char *name);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void flush_line(void);
void open_output(void);
char *read_file(const char *path, size_t *length);
int write_file(const char *path, const char *text);
void must_write(const char *path, const char *text);

/* own-memory.c: what this process has beside the window. */
void lock_own_memory(void);
void touch_own_memory(void);

/* process.c */
_Noreturn void be_process(int process);
void start_process(int process);
void tell(int process, const char *command);

/* calls.c, called by a process of the program: 0 if it knows the operation. */
int process_call(const struct operation *operation, struct result *result);

/* harness-calls.c, called by the harness: 0 if it knows the operation. */
int harness_call(const struct operation *operation, struct result *result);
void keep_buffer(const struct operation *operation, int fd);
void open_descriptors(void);
void close_descriptors(void);

/* userfaultfd.c: the monitor. */
void begin_events(int child);
void answer_events(int process);
void say_events(void);
int userfaultfd_call(const struct operation *operation, struct result *result);
void adopt_userfaultfd(int process, int fd, unsigned long features, struct result *result);
void close_userfaultfd(int process);
extern char missing_answer[16];

/* devices.c */
void load_modules(void);
int swap_on(void);
int swap_off(void);
int swap_errors(int failing);
void choose_swap(const char *kind);

/* counters.c */
void note_counters(void);
void say_counters(void);

/* snapshot.c */
void open_page_files(void);
void say_processes(void);
void say_objects(void);
extern long object_pages[OBJECTS];

#endif
