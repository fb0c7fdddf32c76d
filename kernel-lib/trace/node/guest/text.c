/* Lines in, lines out, and small files. */
#include "guest.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

enum { LINE = 4 << 20, TEXT = 1 << 20 };

static char *line, *text;
static size_t used;
static int output = 1;

int split(struct operation *operation, const char *command)
{
	memset(operation, 0, sizeof(*operation));
	snprintf(operation->text, sizeof(operation->text), "%s", command);
	char *rest = operation->text;
	operation->name = strsep(&rest, " ");
	while (rest && operation->words < WORDS)
		operation->word[operation->words++] = strsep(&rest, " ");
	for (int i = operation->words; i < WORDS; i++)
		operation->word[i] = "";
	return operation->words;
}

long number(const struct operation *operation, int word)
{
	return strtol(operation->word[word], NULL, 0);
}

int is(const struct operation *operation, const char *name)
{
	return strcmp(operation->name, name) == 0;
}

/* Memory for the harness alone: a process of a program would have to copy it. */
static char *unshared(size_t length)
{
	char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED || madvise(at, length, MADV_DONTFORK) != 0)
		_exit(1);
	return at;
}

/* The second serial line: the first is the kernel's console. */
void open_output(void)
{
	struct termios raw;
	line = unshared(LINE);
	text = unshared(TEXT);
	output = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (output < 0)
		fail("/dev/ttyS1: %s", strerror(errno));
	if (tcgetattr(output, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(output, TCSANOW, &raw);
	}
}

/* Adds to the line that is being put together: nothing is printed while something is measured. */
void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int more = vsnprintf(line + used, LINE - used, format, args);
	va_end(args);
	if (more < 0 || used + more >= LINE)
		fail("an answer is longer than %d bytes", LINE);
	used += more;
}

void flush_line(void)
{
	say("\n");
	for (size_t done = 0; done < used;) {
		ssize_t n = write(output, line + done, used - done);
		if (n < 0 && errno != EINTR)
			_exit(1);
		done += n < 0 ? 0 : n;
	}
	tcdrain(output);
	used = 0;
}

_Noreturn void fail(const char *format, ...)
{
	char why[256];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	for (char *c = why; *c; c++)
		if (*c == '"' || *c == '\\' || *c < ' ')
			*c = ' ';
	used = 0;
	say("{\"failed\":\"%s\"}", why);
	flush_line();
	exit(1);
}

/* The text of a file, in memory that the next call overwrites. */
char *read_file(const char *path, size_t *length)
{
	size_t got = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	for (ssize_t n; got < TEXT - 1 && (n = read(fd, text + got, TEXT - 1 - got)) > 0;)
		got += n;
	close(fd);
	text[got] = 0;
	if (length)
		*length = got;
	return text;
}

int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, value, strlen(value));
	int err = errno;
	close(fd);
	errno = err;
	return n < 0 ? -1 : 0;
}

void must_write(const char *path, const char *value)
{
	if (write_file(path, value) != 0)
		fail("%s into %s: %s", value, path, strerror(errno));
}
