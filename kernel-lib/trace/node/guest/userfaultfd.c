/* The monitor: it holds every process's userfaultfd, answers what stops there, and notes what it was told. */
#include "guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "userfaultfd.h"

enum {
	/* One for each page of two huge ones, and as many pages taken out of the registration. */
	EVENTS = 2048,
	/* From so many answers on that failed in one operation, the page is taken out of the registration. */
	FAILURES = 3,
	FILLING = 0xee,
};

char missing_answer[16];

static struct event {
	const char *type;
	int number, process, flags, err;
	unsigned long address;
	const char *answer;
} events[EVENTS];
static int nr_events, failures, forked_child;
static char filling[PAGE] __attribute__((aligned(PAGE)));

/* Events from now on are those of the next operation; a fork event hands over the userfaultfd of that child. */
void begin_events(int child)
{
	nr_events = 0;
	failures = 0;
	forked_child = child;
}

static struct event *note_event(const char *type, int process)
{
	if (nr_events == EVENTS)
		fail("more than %d userfaultfd events in one operation", EVENTS);
	struct event *event = &events[nr_events++];
	*event = (struct event){ .type = type, .process = process };
	return event;
}

static int failed(int ret)
{
	return ret == 0 ? 0 : errno;
}

static int copy_page(int fd, unsigned long at, int value, int protect)
{
	struct uffdio_copy copy = {
		.dst = at,
		.src = (uintptr_t)filling,
		.len = PAGE,
		.mode = protect ? UFFDIO_COPY_MODE_WP : 0,
	};
	memset(filling, value, PAGE);
	return ioctl(fd, UFFDIO_COPY, &copy);
}

static int zero_page(int fd, unsigned long at)
{
	struct uffdio_zeropage zero = { .range = { at, PAGE } };
	return ioctl(fd, UFFDIO_ZEROPAGE, &zero);
}

static int protect_pages(int fd, unsigned long at, unsigned long length, int protect)
{
	struct uffdio_writeprotect wp = {
		.range = { at, length },
		.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};
	return ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
}

static int unregister(int fd, unsigned long at, unsigned long length)
{
	struct uffdio_range range = { at, length };
	return ioctl(fd, UFFDIO_UNREGISTER, &range);
}

static void answer_fault(int process, const struct uffd_msg *message)
{
	int fd = shared->userfaultfd[process];
	struct event *event = note_event("pf", process);
	unsigned long at = message->arg.pagefault.address & ~(unsigned long)(PAGE - 1);
	event->address = at;
	event->flags = message->arg.pagefault.flags;
	if (event->flags & UFFD_PAGEFAULT_FLAG_WP) {
		event->answer = "unwp";
		event->err = failed(protect_pages(fd, at, PAGE, 0));
	} else {
		event->answer = missing_answer;
		event->err = failed(strcmp(missing_answer, "zero") == 0 ?
					    zero_page(fd, at) :
					    copy_page(fd, at, FILLING, strcmp(missing_answer, "copywp") == 0));
	}
	if (event->err == 0)
		return;
	if (++failures >= FAILURES)
		note_event("unreg", process)->err = failed(unregister(fd, at, PAGE));
	struct uffdio_range range = { at, PAGE };
	ioctl(fd, UFFDIO_WAKE, &range);
}

static void take_message(int process, const struct uffd_msg *message)
{
	switch (message->event) {
	case UFFD_EVENT_PAGEFAULT:
		answer_fault(process, message);
		break;
	case UFFD_EVENT_FORK:
		note_event("fork", process);
		shared->userfaultfd[forked_child] = message->arg.fork.ufd;
		break;
	default:
		note_event("ev", process)->number = message->event;
	}
}

/* Reads and answers whatever waits in a process's userfaultfd. */
void answer_events(int process)
{
	struct uffd_msg message;
	while (shared->userfaultfd[process] >= 0 &&
	       read(shared->userfaultfd[process], &message, sizeof(message)) == sizeof(message))
		take_message(process, &message);
}

static void say_event(const struct event *event)
{
	unsigned long offset = event->address - WINDOW_START;
	if (event->number)
		say("{\"t\":\"ev%d\",\"p\":%d}", event->number, event->process);
	else if (event->answer)
		say("{\"t\":\"pf\",\"p\":%d,\"fl\":%d,\"r\":%lu,\"i\":%lu,\"res\":\"%s\",\"err\":%d}", event->process,
		    event->flags, offset / REGION_SIZE, offset % REGION_SIZE / PAGE, event->answer, event->err);
	else if (strcmp(event->type, "unreg") == 0)
		say("{\"t\":\"unreg\",\"p\":%d,\"err\":%d}", event->process, event->err);
	else
		say("{\"t\":\"fork\",\"p\":%d}", event->process);
}

void say_events(void)
{
	if (nr_events == 0)
		return;
	say(",\"ev\":[");
	for (int i = 0; i < nr_events; i++) {
		say(i ? "," : "");
		say_event(&events[i]);
	}
	say("]");
}

static unsigned long known_features(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	int known = ioctl(fd, UFFDIO_API, &api) == 0;
	close(fd);
	return known ? api.features : 0;
}

/* The first half of `uffd`, making the descriptor, was the process's own. */
void adopt_userfaultfd(int process, int fd, unsigned long features, struct result *result)
{
	struct uffdio_api api = { .api = UFFD_API, .features = known_features() & features };
	close_userfaultfd(process);
	shared->userfaultfd[process] = fd;
	result->has_val = 1;
	result->val = api.features;
	result->ret = ioctl(fd, UFFDIO_API, &api);
	result->err = result->ret < 0 ? errno : 0;
}

void close_userfaultfd(int process)
{
	if (shared->userfaultfd[process] >= 0)
		close(shared->userfaultfd[process]);
	shared->userfaultfd[process] = -1;
}

static int register_pages(int fd, const struct operation *op, unsigned long at)
{
	const char *modes = op->word[4];
	struct uffdio_register reg = {
		.range = { at, number(op, 3) * PAGE },
		.mode = (strchr(modes, 'm') ? UFFDIO_REGISTER_MODE_MISSING : 0) |
			(strchr(modes, 'w') ? UFFDIO_REGISTER_MODE_WP : 0),
	};
	return ioctl(fd, UFFDIO_REGISTER, &reg);
}

static int move_pages_of(int fd, const struct operation *op, unsigned long at)
{
	struct uffdio_move move = {
		.dst = (uintptr_t)page_at(number(op, 4), number(op, 5)),
		.src = at,
		.len = number(op, 3) * PAGE,
	};
	return ioctl(fd, UFFDIO_MOVE, &move);
}

static int poison_page(int fd, unsigned long at)
{
	struct uffdio_poison poison = { .range = { at, PAGE } };
	return ioctl(fd, UFFDIO_POISON, &poison);
}

int userfaultfd_call(const struct operation *op, struct result *result)
{
	int process = number(op, 0), fd = shared->userfaultfd[process];
	unsigned long at = (uintptr_t)page_at(number(op, 1), number(op, 2));
	if (is(op, "ureg"))
		result->ret = register_pages(fd, op, at);
	else if (is(op, "uunreg"))
		result->ret = unregister(fd, at, number(op, 3) * PAGE);
	else if (is(op, "uwp"))
		result->ret = protect_pages(fd, at, number(op, 3) * PAGE, number(op, 4));
	else if (is(op, "ucopy"))
		result->ret = copy_page(fd, at, number(op, 3), strcmp(op->word[4], "wp") == 0);
	else if (is(op, "uzero"))
		result->ret = zero_page(fd, at);
	else if (is(op, "upoison"))
		result->ret = poison_page(fd, at);
	else if (is(op, "umove"))
		result->ret = move_pages_of(fd, op, at);
	else if (is(op, "uclose"))
		close_userfaultfd(process);
	else
		return -1;
	result->err = result->ret < 0 ? errno : 0;
	return 0;
}
