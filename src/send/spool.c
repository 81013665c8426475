/* spool.c: the files of a spool, and in which order they come and go. */
#include "send/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "store/durable.h"

#define ORPHAN_AGE 3600
#define WAIT_MAX (4.0 * 3600)
#define GROUP "message"

struct Spool {
    char *path;
    int dir_fd;
};

static int64_t now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* --- a job --- */

SpoolJob *spool_job_new(void)
{
    SpoolJob *job = g_new0(SpoolJob, 1);
    job->fd = -1;
    return job;
}

void spool_job_free(SpoolJob *job)
{
    if (!job) {
        return;
    }
    if (job->fd >= 0) {
        close(job->fd);
    }
    g_free(job->id);
    g_free(job->url);
    g_strfreev(job->options);
    g_free(job->sender);
    g_strfreev(job->recipients);
    g_free(job->message_id);
    g_free(job->notices);
    g_free(job->why);
    g_free(job);
}

void spool_job_decided(SpoolJob *job, const char *address)
{
    char **to = job->recipients;
    for (char **from = job->recipients; *from; from++) {
        if (strcmp(*from, address) == 0) {
            g_free(*from);
        } else {
            *to++ = *from;
        }
    }
    *to = NULL;
}

void spool_job_put_off(SpoolJob *job, double first, const char *why)
{
    double wait = first;
    for (unsigned i = 0; i < job->tries && wait < WAIT_MAX; i++) {
        wait *= 2;
    }
    job->tries++;
    job->next = now() + (int64_t)MIN(wait, MAX(WAIT_MAX, first));
    g_free(job->why);
    job->why = g_strdup(why);
}

/* --- as text --- */

/* What a key file takes is UTF-8. */
static void put(GKeyFile *file, const char *key, const char *value)
{
    if (value) {
        g_autofree char *valid = g_utf8_make_valid(value, -1);
        g_key_file_set_string(file, GROUP, key, valid);
    }
}

static void put_list(GKeyFile *file, const char *key, char *const *list)
{
    static char *const empty[] = {NULL};
    char *const *values = list ? list : empty;
    g_key_file_set_string_list(file, GROUP, key, (const char *const *)values,
                               g_strv_length((char **)values));
}

static char *job_text(const SpoolJob *job, gsize *len)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    put(file, "url", job->url);
    put_list(file, "options", job->options);
    put(file, "sender", job->sender);
    put_list(file, "recipients", job->recipients);
    put(file, "message-id", job->message_id);
    put(file, "notices", job->notices);
    g_key_file_set_int64(file, GROUP, "queued", job->queued);
    g_key_file_set_int64(file, GROUP, "next", job->next);
    g_key_file_set_int64(file, GROUP, "expires", job->expires);
    g_key_file_set_uint64(file, GROUP, "octets", job->octets);
    g_key_file_set_uint64(file, GROUP, "tries", job->tries);
    g_key_file_set_boolean(file, GROUP, "held", job->held);
    put(file, "why", job->why);
    return g_key_file_to_data(file, len, NULL);
}

/* Nothing is known of it but that it is there. */
static SpoolJob *damaged(const char *id, const char *why)
{
    SpoolJob *job = spool_job_new();
    job->id = g_strdup(id);
    job->options = g_new0(char *, 1);
    job->sender = g_strdup("");
    job->recipients = g_new0(char *, 1);
    job->held = job->damaged = true;
    job->why = g_strdup_printf("%s.job of the spool is damaged: %s", id, why);
    return job;
}

static SpoolJob *read_keys(const char *id, GKeyFile *file)
{
    SpoolJob *job = spool_job_new();
    job->id = g_strdup(id);
    job->url = g_key_file_get_string(file, GROUP, "url", NULL);
    job->options = g_key_file_get_string_list(file, GROUP, "options", NULL, NULL);
    job->sender = g_key_file_get_string(file, GROUP, "sender", NULL);
    job->recipients = g_key_file_get_string_list(file, GROUP, "recipients", NULL, NULL);
    job->message_id = g_key_file_get_string(file, GROUP, "message-id", NULL);
    job->notices = g_key_file_get_string(file, GROUP, "notices", NULL);
    job->queued = g_key_file_get_int64(file, GROUP, "queued", NULL);
    job->next = g_key_file_get_int64(file, GROUP, "next", NULL);
    job->expires = g_key_file_get_int64(file, GROUP, "expires", NULL);
    job->octets = g_key_file_get_uint64(file, GROUP, "octets", NULL);
    job->tries = (unsigned)g_key_file_get_uint64(file, GROUP, "tries", NULL);
    job->held = g_key_file_get_boolean(file, GROUP, "held", NULL);
    job->why = g_key_file_get_string(file, GROUP, "why", NULL);
    return job;
}

SpoolJob *spool_job_parse(const char *id, Bytes text)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    if (!text.len ||
        !g_key_file_load_from_data(file, text.data, text.len, G_KEY_FILE_NONE, &problem)) {
        return damaged(id, problem ? problem->message : "it is empty");
    }
    g_autoptr(SpoolJob) job = read_keys(id, file);
    const char *lacks = !job->sender                            ? "it lacks its sender"
                        : !job->recipients || !*job->recipients ? "it lacks its recipients"
                        : !job->options                         ? "it lacks its options"
                                                                : NULL;
    return lacks ? damaged(id, lacks) : g_steal_pointer(&job);
}

/* --- files --- */

static char *path_of(const Spool *s, const char *id, const char *suffix)
{
    return g_strconcat(s->path, "/", id, suffix, NULL);
}

char *spool_text_path(const Spool *spool, const char *id)
{
    return path_of(spool, id, ".msg");
}

const char *spool_path(const Spool *spool)
{
    return spool->path;
}

/* Names of ours and nothing that leads elsewhere. */
static bool is_id(const char *id)
{
    return *id && strspn(id, "0123456789abcdef-") == strlen(id);
}

/* NULL when there is none. The text is looked for first: who removes a message leaves it to the
 * end.
 */
static SpoolJob *read_job(const Spool *s, const char *id)
{
    g_autofree char *message = g_strconcat(id, ".msg", NULL);
    bool whole = faccessat(s->dir_fd, message, F_OK, 0) == 0;
    g_autofree char *path = path_of(s, id, ".job");
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    gsize len;
    if (g_file_get_contents(path, &text, &len, &problem)) {
        return whole ? spool_job_parse(id, (Bytes){text, len}) : damaged(id, "its text is gone");
    }
    bool gone = g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    return gone ? NULL : damaged(id, problem->message);
}

Spool *spool_open(const char *path, GError **error)
{
    bool made = g_mkdir_with_parents(path, 0700) == 0;
    int fd = made ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot use %s as the spool: %s", path,
                   g_strerror(errno));
        return NULL;
    }
    Spool *s = g_new0(Spool, 1);
    s->path = g_strdup(path);
    s->dir_fd = fd;
    return s;
}

void spool_close(Spool *spool)
{
    if (spool) {
        close(spool->dir_fd);
        g_free(spool->path);
        g_free(spool);
    }
}

/* --- coming --- */

/* Ids sort as the messages came: microseconds stand before what makes them unlike any other. */
static char *new_id(void)
{
    gint64 time = g_get_real_time();
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    return g_strdup_printf("%" G_GINT64_MODIFIER "x-%05x%06x", time / G_USEC_PER_SEC,
                           (unsigned)(time % G_USEC_PER_SEC), random & 0xffffff);
}

/* The lock is held from before the first octet, so that nobody takes the file for a leftover. */
static bool write_text(Spool *s, SpoolJob *job, const GByteArray *text, GError **error)
{
    g_autofree char *name = g_strconcat(job->id, ".msg", NULL);
    int fd = openat(s->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write into the spool %s: %s",
                          s->path, g_strerror(errno));
    }
    bool good = flock(fd, LOCK_EX | LOCK_NB) == 0 && durable_write_all(fd, text->data, text->len) &&
                fsync(fd) == 0;
    if (!good) {
        int failure = errno;
        unlinkat(s->dir_fd, name, 0);
        close(fd);
        return error_fail(error, POSTERN_ERROR_IO, "cannot write into the spool %s: %s", s->path,
                          g_strerror(failure));
    }
    job->fd = fd;
    return true;
}

static char **copy_recipients(const Outgoing *message)
{
    char **list = g_new0(char *, message->recipients->len + 1);
    for (guint i = 0; i < message->recipients->len; i++) {
        list[i] = g_strdup(g_ptr_array_index(message->recipients, i));
    }
    return list;
}

bool spool_add(Spool *spool, const Outgoing *message, SpoolJob *job, GError **error)
{
    job->id = new_id();
    job->octets = message->text->len;
    job->message_id = g_strdup(message->message_id);
    job->sender = job->sender ? job->sender : g_strdup(message->sender);
    job->recipients = job->recipients ? job->recipients : copy_recipients(message);
    job->queued = job->queued ? job->queued : now();
    if (!write_text(spool, job, message->text, error)) {
        return false;
    }
    bool good = spool_save(spool, job, error);
    if (!good) {
        g_autofree char *path = spool_text_path(spool, job->id);
        unlink(path);
    }
    close(job->fd);
    job->fd = -1;
    return good;
}

bool spool_save(Spool *spool, const SpoolJob *job, GError **error)
{
    if (job->damaged) {
        return error_fail(error, POSTERN_ERROR_DATA, "%s", job->why);
    }
    gsize len = 0;
    g_autofree char *text = job_text(job, &len);
    g_autofree char *path = path_of(spool, job->id, ".job");
    return durable_replace(path, text, len, error);
}

/* --- looking --- */

static gint by_age(gconstpointer a, gconstpointer b)
{
    const SpoolJob *const *x = a, *const *y = b;
    int64_t difference = (*x)->queued - (*y)->queued;
    return difference ? (difference < 0 ? -1 : 1) : strcmp((*x)->id, (*y)->id);
}

GPtrArray *spool_list(Spool *spool, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) dir = g_dir_open(spool->path, 0, &problem);
    if (!dir) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot read the spool: %s", problem->message);
        return NULL;
    }
    g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)spool_job_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *id =
            g_str_has_suffix(name, ".job") ? g_strndup(name, strlen(name) - 4) : g_strdup("");
        SpoolJob *job = is_id(id) ? read_job(spool, id) : NULL;
        if (job) {
            g_ptr_array_add(jobs, job);
        }
    }
    g_ptr_array_sort(jobs, by_age);
    return g_steal_pointer(&jobs);
}

SpoolJob *spool_take(Spool *spool, const char *id, bool *busy)
{
    *busy = false;
    g_autofree char *path = spool_text_path(spool, id);
    int fd = is_id(id) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0) {
        g_autoptr(SpoolJob) left = is_id(id) ? read_job(spool, id) : NULL;
        return left && left->damaged ? g_steal_pointer(&left) : NULL; /* to be removed */
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *busy = true;
        close(fd);
        return NULL;
    }
    /* Only now is its state nobody else's to change; it may have gone meanwhile. */
    SpoolJob *job = read_job(spool, id);
    if (job) {
        job->fd = fd;
    } else {
        close(fd);
    }
    return job;
}

/* --- going --- */

bool spool_remove(Spool *spool, const SpoolJob *job, GError **error)
{
    g_autofree char *state = g_strconcat(job->id, ".job", NULL);
    g_autofree char *text = g_strconcat(job->id, ".msg", NULL);
    if (unlinkat(spool->dir_fd, state, 0) != 0 && errno != ENOENT) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot remove %s from the spool: %s", job->id,
                          g_strerror(errno));
    }
    unlinkat(spool->dir_fd, text, 0);
    return durable_directory(spool->dir_fd, spool->path, error);
}

static bool sweep_one(Spool *s, const char *id)
{
    g_autofree char *text = g_strconcat(id, ".msg", NULL);
    g_autofree char *state = g_strconcat(id, ".job", NULL);
    struct stat st;
    int fd = openat(s->dir_fd, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool leftover = fd >= 0 && fstat(fd, &st) == 0 && now() - st.st_mtime > ORPHAN_AGE &&
                    flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                    faccessat(s->dir_fd, state, F_OK, 0) != 0 && unlinkat(s->dir_fd, text, 0) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return leftover;
}

unsigned spool_sweep(Spool *spool)
{
    unsigned swept = 0;
    g_autoptr(GDir) dir = g_dir_open(spool->path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *id =
            g_str_has_suffix(name, ".msg") ? g_strndup(name, strlen(name) - 4) : g_strdup("");
        swept += is_id(id) && sweep_one(spool, id);
    }
    return swept;
}
