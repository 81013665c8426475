/* maildir.c: directories and names of a Maildir. */
#include "store/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/durable.h"

/* Somebody else's left-overs on a shared filesystem: the specification's thirty-six hours. */
#define OLD_SECONDS (36 * 3600)

/* --- directories --- */

static int open_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The directory a name was made in has to be durable too. */
static bool sync_parent(const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    int fd = open_directory(parent);
    bool good = fd < 0 || durable_directory(fd, parent, error);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

/* With all that is missing above it. */
static bool make_directory(const char *path, GError **error)
{
    if (mkdir(path, 0700) == 0) {
        return sync_parent(path, error);
    }
    if (errno == EEXIST) {
        return true;
    }
    if (errno == ENOENT) {
        g_autofree char *parent = g_path_get_dirname(path);
        if (!g_str_equal(parent, path) && !make_directory(parent, error)) {
            return false;
        }
        if (mkdir(path, 0700) == 0 || errno == EEXIST) {
            return sync_parent(path, error);
        }
    }
    return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make the directory %s: %s", path,
                      g_strerror(errno));
}

static int open_part(const char *path, const char *part, bool make, GError **error)
{
    g_autofree char *name = g_build_filename(path, part, NULL);
    if (make && !make_directory(name, error)) {
        return -1;
    }
    int fd = open_directory(name);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "%s is no Maildir: cannot open %s: %s", path,
                   part, g_strerror(errno));
    }
    return fd;
}

Maildir *maildir_open(const char *path, bool make, GError **error)
{
    g_autoptr(Maildir) m = g_new0(Maildir, 1);
    m->path = g_strdup(path);
    m->new_fd = m->cur_fd = -1;
    m->tmp_fd = open_part(path, "tmp", make, error);
    if (m->tmp_fd < 0 || (m->new_fd = open_part(path, "new", make, error)) < 0 ||
        (m->cur_fd = open_part(path, "cur", make, error)) < 0) {
        return NULL;
    }
    return g_steal_pointer(&m);
}

void maildir_free(Maildir *m)
{
    if (m == NULL) {
        return;
    }
    const int fds[] = {m->tmp_fd, m->new_fd, m->cur_fd};
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    g_free(m->path);
    g_free(m);
}

/* --- names --- */

/* Asked for once. "/" and ":" mean something in a name; the specification writes them so. */
const char *maildir_host(void)
{
    static const char *part;
    if (g_once_init_enter(&part)) {
        char host[256] = "localhost";
        GString *text = g_string_new(NULL);
        gethostname(host, sizeof(host) - 1);
        for (const char *c = host; *c != '\0'; c++) {
            if (*c == '/' || *c == ':' || *c == ',') {
                g_string_append_printf(text, "\\%03o", (unsigned char)*c);
            } else {
                g_string_append_c(text, *c);
            }
        }
        g_once_init_leave(&part, g_string_free(text, FALSE));
    }
    return part;
}

char *maildir_name(const char *marker, int64_t when)
{
    return g_strdup_printf("%" G_GINT64_FORMAT ".P%s.%s", when, marker, maildir_host());
}

char *maildir_tmp_name(const char *marker)
{
    return g_strdup_printf("%ld.P%s.%s", (long)getpid(), marker, maildir_host());
}

Bytes maildir_marker_of(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    const char *at = name + digits;
    if (digits == 0 || at[0] != '.' || at[1] != 'P') {
        return BYTES_NONE;
    }
    size_t len = strspn(at + 2, "0123456789abcdef");
    bool good = len == MAILDIR_MARKER_LENGTH && at[2 + len] == '.';
    return good ? (Bytes){at + 2, len} : BYTES_NONE;
}

/* --- what is there --- */

/* A stream over a directory of its own, so that the fd's position is nobody else's. */
static DIR *list(int fd)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    if (dir == NULL && own >= 0) {
        close(own);
    }
    return dir;
}

static bool add_markers(int fd, GHashTable *set)
{
    DIR *dir = list(fd);
    if (dir == NULL) {
        return false;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        Bytes marker = maildir_marker_of(entry->d_name);
        if (marker.len > 0) {
            g_hash_table_add(set, bytes_dup(marker));
        }
    }
    closedir(dir);
    return true;
}

bool maildir_markers(const Maildir *m, GHashTable *set, GError **error)
{
    /* new first: what a reader moves meanwhile is met in cur. */
    return (add_markers(m->new_fd, set) && add_markers(m->cur_fd, set)) ||
           error_fail(error, POSTERN_ERROR_IO, "cannot list the Maildir %s: %s", m->path,
                      g_strerror(errno));
}

/* When this process began, roughly: what is older was written by another, its number used again. */
static gint64 began(void)
{
    static gint64 when;
    if (when == 0) {
        struct stat st;
        when = stat("/proc/self", &st) == 0 ? st.st_mtime : g_get_real_time() / G_USEC_PER_SEC;
    }
    return when;
}

static bool is_left_over(int fd, const char *name)
{
    Bytes marker = maildir_marker_of(name);
    struct stat st;
    if (marker.len == 0 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    if (!g_str_equal(marker.data + marker.len + 1, maildir_host())) {
        return st.st_mtime < g_get_real_time() / G_USEC_PER_SEC - OLD_SECONDS;
    }
    long pid = strtol(name, NULL, 10);
    if (pid == getpid()) {
        return st.st_mtime < began();
    }
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

unsigned maildir_sweep(const Maildir *m)
{
    unsigned removed = 0;
    DIR *dir = list(m->tmp_fd);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (is_left_over(m->tmp_fd, entry->d_name) && unlinkat(m->tmp_fd, entry->d_name, 0) == 0) {
            removed++;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return removed;
}

/* --- Maildir++ --- */

/* RFC 3501 section 5.1.3: "," for "/", no padding, UTF-16. */
static void put_shifted(GString *out, const gunichar2 *units, size_t n)
{
    g_autofree guchar *octets = g_malloc(n * 2);
    for (size_t i = 0; i < n; i++) {
        octets[2 * i] = (guchar)(units[i] >> 8);
        octets[2 * i + 1] = (guchar)(units[i] & 0xff);
    }
    g_autofree char *text = g_base64_encode(octets, n * 2);
    g_string_append_c(out, '&');
    for (const char *c = text; *c != '\0' && *c != '='; c++) {
        g_string_append_c(out, *c == '/' ? ',' : *c);
    }
    g_string_append_c(out, '-');
}

/* One octet of printable ASCII of a folder's name: what would mean something to the filesystem or
 * to Maildir++ becomes "_". */
static void put_plain(GString *out, char c, char delimiter)
{
    if (delimiter != 0 && c == delimiter) {
        g_string_append_c(out, '.');
    } else if (c == '&') {
        g_string_append(out, "&-");
    } else if (c == '/' || c == '.' || c == ':') {
        g_string_append_c(out, '_');
    } else {
        g_string_append_c(out, c);
    }
}

static void put_folder(GString *out, const char *folder, char delimiter)
{
    const char *at = folder;
    while (*at != '\0') {
        if (*at >= 0x20 && *at < 0x7f) {
            put_plain(out, *at++, delimiter);
            continue;
        }
        const char *end = at;
        while (*end != '\0' && !(*end >= 0x20 && *end < 0x7f)) {
            end++;
        }
        glong n = 0;
        g_autofree gunichar2 *units = g_utf8_to_utf16(at, end - at, NULL, &n, NULL);
        if (units != NULL) {
            put_shifted(out, units, (size_t)n);
        } else { /* not UTF-8: IMAP names are; still, it needs some name */
            g_string_append_c(out, '_');
        }
        at = end;
    }
}

char *maildir_folder_path(const char *path, const char *folder, char delimiter)
{
    if (g_ascii_strcasecmp(folder, "INBOX") == 0) {
        return g_strdup(path);
    }
    /* Servers of the Courier kind have everything below INBOX. */
    if (delimiter != 0 && g_ascii_strncasecmp(folder, "INBOX", 5) == 0 && folder[5] == delimiter &&
        folder[6] != '\0') {
        folder += 6;
    }
    GString *name = g_string_new(path);
    g_string_append(name, "/.");
    put_folder(name, folder, delimiter);
    return g_string_free(name, FALSE);
}
