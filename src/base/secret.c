#include "base/secret.h"

#include "base/digest.h"
#include "base/sanitizer.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The handle is ordinary memory, so that leak checkers see a forgotten one; the bytes live in pages
 * of their own. */
struct Secret {
    char *data;
    size_t len;
    size_t mapped; /* bytes of whole pages, without the guard page behind them */
};

/* A login makes and frees a dozen secrets of one page, at five system calls each: some of their
 * pages, wiped, are kept for the next. Under a sanitizer none are, so that a use after the end
 * faults. */
enum { SPARE_MAX = UNDER_SANITIZER ? 0 : 8 };
static struct {
    GMutex lock;
    char *pages[SPARE_MAX + 1];
    int count;
} spare;

static char *take_spare(void)
{
    g_mutex_lock(&spare.lock);
    char *data = spare.count > 0 ? spare.pages[--spare.count] : NULL;
    g_mutex_unlock(&spare.lock);
    return data;
}

static bool keep_spare(char *data)
{
    g_mutex_lock(&spare.lock);
    bool kept = spare.count < SPARE_MAX;
    if (kept) {
        spare.pages[spare.count++] = data;
    }
    g_mutex_unlock(&spare.lock);
    return kept;
}

/* Pages, all zero, with one behind them that faults. Locking may be refused by RLIMIT_MEMLOCK: a
 * secret that could be swapped is better than none. */
static char *map_pages(size_t mapped, size_t page)
{
    char *data =
        mmap(NULL, mapped + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED || mprotect(data + mapped, page, PROT_NONE) != 0) {
        g_error("out of memory for a secret of %zu bytes", mapped);
    }
    (void)mlock(data, mapped);
    (void)madvise(data, mapped, MADV_DONTDUMP);
    return data;
}

/* Room for len bytes and a NUL, all zero. */
static Secret *secret_alloc(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (len > SIZE_MAX / 2) {
        g_error("a secret of %zu bytes", len);
    }
    size_t mapped = (len + 1 + page - 1) / page * page;
    char *data = mapped == page ? take_spare() : NULL;
    Secret *secret = g_new(Secret, 1);
    *secret = (Secret){data ? data : map_pages(mapped, page), len, mapped};
    return secret;
}

static void put(char *to, Bytes from)
{
    if (from.len > 0) {
        memcpy(to, from.data, from.len);
    }
}

Secret *secret_new(const void *data, size_t len)
{
    Secret *secret = secret_alloc(len);
    put(secret->data, (Bytes){data, len});
    return secret;
}

Secret *secret_take_string(char *text)
{
    size_t len = strlen(text);
    Secret *secret = secret_new(text, len);
    secret_wipe(text, len);
    return secret;
}

Secret *secret_copy(const Secret *secret)
{
    return secret_new(secret->data, secret->len);
}

void secret_free(Secret *secret)
{
    if (secret == NULL) {
        return;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    secret_wipe(secret->data, secret->mapped);
    if (secret->mapped != page || !keep_spare(secret->data)) {
        munmap(secret->data, secret->mapped + page);
    }
    secret_wipe(secret, sizeof(*secret));
    g_free(secret);
}

size_t secret_length(const Secret *secret)
{
    return secret->len;
}

bool secret_equal(const Secret *a, const Secret *b)
{
    return a->len == b->len && digest_same(a->data, b->data, a->len);
}

bool secret_has_line_break(const Secret *secret)
{
    return memchr(secret->data, '\r', secret->len) != NULL ||
           memchr(secret->data, '\n', secret->len) != NULL ||
           memchr(secret->data, '\0', secret->len) != NULL;
}

Bytes secret_reveal(const Secret *secret)
{
    return (Bytes){secret->data, secret->len};
}

Secret *secret_base64(const Secret *secret)
{
    Secret *encoded = secret_alloc((secret->len + 2) / 3 * 4);
    /* GLib's encoder writes where it is told and keeps up to two bytes in `save`. */
    int state = 0;
    int save = 0;
    size_t n = g_base64_encode_step((const guchar *)secret->data, secret->len, FALSE, encoded->data,
                                    &state, &save);
    /* Closing adds a line feed only when lines are broken; at most the four characters reserved
     * above are left. */
    n += g_base64_encode_close(FALSE, encoded->data + n, &state, &save);
    encoded->data[n] = '\0';
    encoded->len = n;
    secret_wipe(&save, sizeof(save));
    return encoded;
}

Secret *secret_first_line(const Secret *secret)
{
    Bytes all = secret_reveal(secret);
    gssize end = bytes_index(all, '\n');
    Bytes line = bytes_sub(all, 0, end < 0 ? all.len : (size_t)end);
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    return secret_new(line.data, line.len);
}

Secret *secret_wrap(Bytes prefix, const Secret *secret, Bytes suffix)
{
    Secret *wrapped = secret_alloc(prefix.len + secret->len + suffix.len);
    put(wrapped->data, prefix);
    put(wrapped->data + prefix.len, secret_reveal(secret));
    put(wrapped->data + prefix.len + secret->len, suffix);
    return wrapped;
}

void secret_wipe(void *data, size_t len)
{
    if (len > 0) {
        explicit_bzero(data, len);
    }
}
