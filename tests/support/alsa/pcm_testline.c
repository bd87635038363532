/* An ALSA PCM without hardware, for tests: type "testline".
 *
 *   pcm.mic { type testline  file "/dev/shm/mic"  ppm 0  step 80 }
 *
 * A line is a shared file: a ring of 16-bit samples, each with the number of the sample that was
 * last stored there, and a word of trouble in front.  Sample numbers are CLOCK_MONOTONIC times the
 * rate (off by `ppm`), so every process agrees on "now", and what is played at a number can be
 * captured at that number.  A sample that nobody stored in time reads as zero.
 *
 * The position moves once in `step` samples (default: a period).  Trouble, written by a test into the
 * first word of the file: 1 = the card has gone (every call fails with ENODEV).
 */
#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RING 131072 /* samples; a power of two */
#define GONE 1

struct shared {
    int64_t trouble;
    int64_t number[RING];
    int16_t sample[RING];
};

struct testline {
    snd_pcm_ioplug_t io;
    struct shared *shared;
    long rate, ppm, step;
    int timer;
    int running;
    int64_t origin;  /* sample number of the stream's first sample */
    int64_t moved;   /* samples taken from or given to the application */
    int16_t *ahead;  /* written before the start */
    size_t ahead_count, ahead_room;
};

static int64_t current(const struct testline *t)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    double rate = (double)t->rate * (1.0 + (double)t->ppm / 1e6);
    return (int64_t)((double)at.tv_sec * rate + (double)at.tv_nsec * rate / 1e9);
}

static int gone(const struct testline *t)
{
    return __atomic_load_n(&t->shared->trouble, __ATOMIC_ACQUIRE) == GONE;
}

static void store(struct testline *t, int64_t number, int16_t value)
{
    size_t slot = (size_t)number & (RING - 1);
    t->shared->sample[slot] = value;
    __atomic_store_n(&t->shared->number[slot], number, __ATOMIC_RELEASE);
}

static int16_t fetch(const struct testline *t, int64_t number)
{
    size_t slot = (size_t)number & (RING - 1);
    if (__atomic_load_n(&t->shared->number[slot], __ATOMIC_ACQUIRE) != number)
        return 0;
    return t->shared->sample[slot];
}

static void set_timer(struct testline *t, int64_t nanoseconds)
{
    struct itimerspec spec = {
        .it_interval = {nanoseconds / 1000000000, nanoseconds % 1000000000},
        .it_value = {nanoseconds / 1000000000, nanoseconds % 1000000000},
    };
    timerfd_settime(t->timer, 0, &spec, NULL);
}

static int on_start(snd_pcm_ioplug_t *io)
{
    struct testline *t = io->private_data;
    if (gone(t))
        return -ENODEV;
    t->origin = current(t);
    t->running = 1;
    t->moved = 0;
    for (size_t i = 0; i < t->ahead_count; i++)
        store(t, t->origin + t->moved++, t->ahead[i]);
    t->ahead_count = 0;
    set_timer(t, (int64_t)((double)io->period_size * 1e9 / (double)t->rate / (1.0 + (double)t->ppm / 1e6)));
    return 0;
}

static int on_stop(snd_pcm_ioplug_t *io)
{
    struct testline *t = io->private_data;
    t->running = 0;
    set_timer(t, 0);
    return 0;
}

static int on_prepare(snd_pcm_ioplug_t *io)
{
    struct testline *t = io->private_data;
    if (gone(t))
        return -ENODEV;
    on_stop(io);
    t->moved = 0;
    t->ahead_count = 0;
    return 0;
}

static snd_pcm_sframes_t on_pointer(snd_pcm_ioplug_t *io)
{
    struct testline *t = io->private_data;
    if (gone(t))
        return -ENODEV;
    if (!t->running)
        return 0;
    int64_t elapsed = current(t) - t->origin;
    if (io->stream == SND_PCM_STREAM_PLAYBACK ? elapsed > t->moved
                                              : elapsed - t->moved > (int64_t)io->buffer_size)
        return -EPIPE;
    elapsed -= elapsed % (t->step > 0 ? t->step : (int64_t)io->period_size);
    return elapsed % (int64_t)io->buffer_size;
}

static snd_pcm_sframes_t on_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                     snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
    struct testline *t = io->private_data;
    int16_t *data = (int16_t *)((char *)areas->addr + areas->first / 8) + offset;
    if (gone(t))
        return -ENODEV;
    if (io->stream == SND_PCM_STREAM_CAPTURE) {
        for (snd_pcm_uframes_t i = 0; i < size; i++)
            data[i] = fetch(t, t->origin + t->moved++);
    } else if (t->running) {
        for (snd_pcm_uframes_t i = 0; i < size; i++)
            store(t, t->origin + t->moved++, data[i]);
    } else {
        if (t->ahead_count + size > t->ahead_room) {
            size_t room = t->ahead_count + size;
            int16_t *more = realloc(t->ahead, room * sizeof(*more));
            if (!more)
                return -ENOMEM;
            t->ahead = more;
            t->ahead_room = room;
        }
        memcpy(t->ahead + t->ahead_count, data, size * sizeof(*data));
        t->ahead_count += size;
    }
    return (snd_pcm_sframes_t)size;
}

static int on_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned int count,
                      unsigned short *revents)
{
    struct testline *t = io->private_data;
    uint64_t ticks;
    (void)count;
    *revents = 0;
    if ((fds->revents & POLLIN) && read(t->timer, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
        *revents = POLLERR;
    snd_pcm_sframes_t available = snd_pcm_avail_update(io->pcm);
    unsigned short ready = io->stream == SND_PCM_STREAM_CAPTURE ? POLLIN : POLLOUT;
    if (available < 0)
        *revents |= POLLERR | ready;
    else if (available >= (snd_pcm_sframes_t)io->period_size)
        *revents |= ready;
    return 0;
}

static int on_close(snd_pcm_ioplug_t *io)
{
    struct testline *t = io->private_data;
    munmap(t->shared, sizeof(struct shared));
    close(t->timer);
    free(t->ahead);
    free(t);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = on_start,
    .stop = on_stop,
    .prepare = on_prepare,
    .pointer = on_pointer,
    .transfer = on_transfer,
    .poll_revents = on_revents,
    .close = on_close,
};

static int configure(struct testline *t)
{
    static const unsigned int access[] = {SND_PCM_ACCESS_RW_INTERLEAVED,
                                          SND_PCM_ACCESS_MMAP_INTERLEAVED};
    static const unsigned int format[] = {SND_PCM_FORMAT_S16_LE};
    snd_pcm_ioplug_t *io = &t->io;
    int err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
    if (!err)
        err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    if (!err)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, 1, 1);
    if (!err)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, (unsigned)t->rate,
                                              (unsigned)t->rate);
    if (!err)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 64, 4096);
    if (!err)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 32);
    if (!err)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 128, 65536);
    return err;
}

static int map_line(struct testline *t, const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC); /* the test makes the file: no file, no card */
    if (fd < 0)
        return errno == ENOENT ? -ENODEV : -errno;
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        return -errno;
    t->shared = memory;
    if (!gone(t))
        return 0;
    munmap(memory, sizeof(struct shared));
    return -ENODEV;
}

SND_PCM_PLUGIN_DEFINE_FUNC(testline)
{
    snd_config_iterator_t each, next;
    const char *path = NULL;
    long rate = 8000, ppm = 0, step = 0;
    (void)root;
    snd_config_for_each(each, next, conf)
    {
        snd_config_t *entry = snd_config_iterator_entry(each);
        const char *id;
        if (snd_config_get_id(entry, &id) < 0)
            continue;
        if (!strcmp(id, "file"))
            snd_config_get_string(entry, &path);
        else if (!strcmp(id, "rate"))
            snd_config_get_integer(entry, &rate);
        else if (!strcmp(id, "ppm"))
            snd_config_get_integer(entry, &ppm);
        else if (!strcmp(id, "step"))
            snd_config_get_integer(entry, &step);
    }
    if (!path)
        return -EINVAL;
    struct testline *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->rate = rate;
    t->ppm = ppm;
    t->step = step;
    int err = map_line(t, path);
    if (err < 0) {
        free(t);
        return err;
    }
    t->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    t->io.version = SND_PCM_IOPLUG_VERSION;
    t->io.name = "testline";
    t->io.callback = &callbacks;
    t->io.private_data = t;
    t->io.poll_fd = t->timer;
    t->io.poll_events = POLLIN;
    t->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC;
    err = snd_pcm_ioplug_create(&t->io, name, stream, mode);
    if (err >= 0)
        err = configure(t);
    if (err < 0) {
        munmap(t->shared, sizeof(struct shared));
        close(t->timer);
        free(t);
        return err;
    }
    *pcmp = t->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_SYMBOL(testline);
