/* late_file.c: an X509_LOOKUP, as OpenSSL calls what fills a store on demand. */
#include "tls/late_file.h"

#include <glib.h>
#include <openssl/err.h>

typedef struct {
    char *file;
    X509_LOOKUP *lookup;
} LateFile;

/* Those not read yet, and the lock that they are read under. */
static GMutex reading;
static GQueue unread = G_QUEUE_INIT;

static void read_now(LateFile *late)
{
    ERR_set_mark();
    X509_load_cert_crl_file(late->lookup, late->file, X509_FILETYPE_PEM);
    ERR_pop_to_mark();
}

/* The store has been searched before this is asked. */
static int find(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name, X509_OBJECT *ret)
{
    LateFile *late = X509_LOOKUP_get_method_data(lookup);
    X509_STORE *store = X509_LOOKUP_get_store(lookup);
    g_mutex_lock(&reading);
    if (g_queue_remove(&unread, late)) {
        read_now(late);
    }
    g_mutex_unlock(&reading);
    X509_STORE_lock(store);
    X509_OBJECT *found =
        X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), type, name);
    X509 *certificate = found ? X509_OBJECT_get0_X509(found) : NULL;
    int done = certificate && X509_OBJECT_set1_X509(ret, certificate);
    if (done) {
        X509_free(certificate); /* who asks borrows it from the store */
    }
    X509_STORE_unlock(store);
    return done;
}

static void clear(X509_LOOKUP *lookup)
{
    LateFile *late = X509_LOOKUP_get_method_data(lookup);
    g_mutex_lock(&reading);
    g_queue_remove(&unread, late);
    g_mutex_unlock(&reading);
    g_free(late->file);
    g_free(late);
}

static gpointer make_method(gpointer unused)
{
    (void)unused;
    X509_LOOKUP_METHOD *method = X509_LOOKUP_meth_new("a file, read late");
    X509_LOOKUP_meth_set_get_by_subject(method, find);
    X509_LOOKUP_meth_set_free(method, clear);
    return method;
}

void tls_late_file_add(X509_STORE *store, const char *file)
{
    static GOnce method = G_ONCE_INIT;
    LateFile *late = g_new0(LateFile, 1);
    late->file = g_strdup(file);
    late->lookup = X509_STORE_add_lookup(store, g_once(&method, make_method, NULL));
    X509_LOOKUP_set_method_data(late->lookup, late);
    g_mutex_lock(&reading);
    g_queue_push_tail(&unread, late);
    g_mutex_unlock(&reading);
}

void tls_late_files_read(void)
{
    g_mutex_lock(&reading);
    for (LateFile *late; (late = g_queue_pop_head(&unread));) {
        read_now(late);
    }
    g_mutex_unlock(&reading);
}
