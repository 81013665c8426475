#include "base/openssl_words.h"

#include <dlfcn.h>
#include <glib.h>

/* Who has said "not now" to OPENSSL_init_crypto() cannot take it back: each part's own function is
 * left. They are called by their names, being deprecated: of a version that has dropped one, that
 * part's errors stay numbers. */
static gpointer load(gpointer unused)
{
    static const char *const loaders[] = {
        "ERR_load_ERR_strings",  "ERR_load_SSL_strings",    "ERR_load_X509_strings",
        "ERR_load_PEM_strings",  "ERR_load_ASN1_strings",   "ERR_load_X509V3_strings",
        "ERR_load_EVP_strings",  "ERR_load_CRYPTO_strings", "ERR_load_BIO_strings",
        "ERR_load_BN_strings",   "ERR_load_EC_strings",     "ERR_load_RSA_strings",
        "ERR_load_DH_strings",   "ERR_load_OBJ_strings",    "ERR_load_CONF_strings",
        "ERR_load_OCSP_strings", "ERR_load_RAND_strings",   "ERR_load_OSSL_STORE_strings",
        "ERR_load_CT_strings",   "ERR_load_PKCS12_strings", "ERR_load_ENGINE_strings",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(loaders); i++) {
        int (*loader)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, loaders[i]);
        if (loader) {
            loader();
        }
    }
    return unused;
}

void openssl_load_words(void)
{
    static GOnce once = G_ONCE_INIT;
    g_once(&once, load, NULL);
}
