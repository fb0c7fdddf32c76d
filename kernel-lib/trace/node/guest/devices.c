/*
 * The RAM disks: /dev/ram0 is swap as it is, /dev/ram1 lies under the device mapper's "swap", /dev/ram2 is the disk of
 * the direct reads and writes.
 */
#include "guest.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
	SWAP_MIB = 32,
	SECTORS = SWAP_MIB << 11,
};

static const char *swap_device;
static int mapper = -1;

/* Each line of the list is a file's name, a space and the module's options; each comes behind what it needs. */
void load_modules(void)
{
	char *list = read_file("/modules/list", NULL), *line;
	while (list && (line = strsep(&list, "\n")) && *line) {
		char path[64];
		char *options = strchr(line, ' ');
		*options++ = 0;
		snprintf(path, sizeof(path), "/modules/%s", line);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, options, 0) != 0 && errno != EEXIST)
			fail("%s: %s; is it of this kernel?", path + 1, strerror(errno));
		close(fd);
	}
}

/* What mkswap writes: version 1, the last page, and the magic word at the end of the first page. */
static void make_swap(const char *device)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	uint32_t *header = (uint32_t *)(page + 1024);
	header[0] = 1;
	header[1] = SWAP_MIB * 256 - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	int fd = open(device, O_RDWR | O_CLOEXEC | O_DIRECT);
	if (fd < 0 || pwrite(fd, page, PAGE, 0) != PAGE)
		fail("%s: %s; is brd among the modules?", device, strerror(errno));
	close(fd);
}

static union {
	struct dm_ioctl head;
	char bytes[1024];
} request;

static int ask_mapper(unsigned long what, unsigned int flags)
{
	struct dm_ioctl *head = &request.head;
	head->version[0] = DM_VERSION_MAJOR;
	head->data_size = sizeof(request);
	head->data_start = sizeof(*head);
	head->flags = flags;
	strcpy(head->name, "swap");
	return ioctl(mapper, what, head);
}

static int load_table(const char *target, const char *options)
{
	memset(&request, 0, sizeof(request));
	struct dm_target_spec *spec = (struct dm_target_spec *)(request.bytes + sizeof(request.head));
	spec->length = SECTORS;
	strcpy(spec->target_type, target);
	strcpy((char *)(spec + 1), options);
	request.head.target_count = 1;
	return ask_mapper(DM_TABLE_LOAD, 0);
}

static int resume(void)
{
	memset(&request, 0, sizeof(request));
	return ask_mapper(DM_DEV_SUSPEND, 0);
}

static int set_target(const char *target)
{
	struct stat disk;
	char options[32] = "";
	if (strcmp(target, "linear") == 0) {
		if (stat("/dev/ram1", &disk) != 0)
			return -1;
		snprintf(options, sizeof(options), "%u:%u 0", major(disk.st_rdev), minor(disk.st_rdev));
	}
	return load_table(target, options) != 0 || resume() != 0 ? -1 : 0;
}

static void make_mapped_swap(void)
{
	if (mapper >= 0)
		return;
	make_swap("/dev/ram1");
	mapper = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	memset(&request, 0, sizeof(request));
	if (mapper < 0 || ask_mapper(DM_DEV_CREATE, 0) != 0 || set_target("linear") != 0)
		fail("device mapper: %s; is dm-mod among the modules?", strerror(errno));
}

void choose_swap(const char *kind)
{
	swap_device = NULL;
	if (strcmp(kind, "dm") == 0) {
		make_mapped_swap();
		swap_device = "/dev/dm-0";
	} else if (strcmp(kind, "brd") == 0) {
		make_swap("/dev/ram0");
		swap_device = "/dev/ram0";
	}
}

int swap_on(void)
{
	errno = EINVAL;
	return swap_device ? swapon(swap_device, 0) : -1;
}

int swap_off(void)
{
	errno = EINVAL;
	return swap_device ? swapoff(swap_device) : -1;
}

/* Exchanges the device mapper's table under the device: what is written to it stays. */
int swap_errors(int failing)
{
	errno = EINVAL;
	return mapper < 0 ? -1 : set_target(failing ? "error" : "linear");
}
