/* binding_peer.c: a small submission server around Cyrus SASL that offers SCRAM-*-PLUS with a
 * channel binding of one's choice.
 *
 *     binding_peer PORT CERT.pem SASLDB BINDING starttls|implicit 1.2|1.3
 *
 * It exists because none of the servers at hand (Dovecot, Postfix) has channel binding: an
 * independent judge of ours. One client after the other, on 127.0.0.1; prints what happened, one
 * line an authentication. */
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sasl/sasl.h>
#include <sasl/saslutil.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16384 };

typedef struct {
    int fd;
    SSL *ssl; /* NULL in the clear */
    sasl_conn_t *sasl;
    sasl_channel_binding_t binding;
    unsigned char binding_data[EVP_MAX_MD_SIZE];
} Client;

static const char *sasldb;
static const char *binding_name;
static SSL_CTX *tls;

static void die(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* input and output of lines */

static int read_byte(Client *c, char *byte)
{
    return c->ssl ? SSL_read(c->ssl, byte, 1) : (int)read(c->fd, byte, 1);
}

/* Without CRLF. A byte at a time keeps what follows STARTTLS out of a buffer of ours. */
static bool read_line(Client *c, char line[LINE_MAX_BYTES])
{
    for (size_t length = 0; length + 1 < LINE_MAX_BYTES; length++) {
        if (read_byte(c, &line[length]) != 1) {
            return false;
        }
        if (line[length] == '\n') {
            line[length > 0 && line[length - 1] == '\r' ? length - 1 : length] = '\0';
            return true;
        }
    }
    return false;
}

static void say(Client *c, const char *text)
{
    size_t length = strlen(text);
    if (c->ssl) {
        SSL_write(c->ssl, text, (int)length);
    } else if (write(c->fd, text, length) < 0) {
        perror("write");
    }
}

/* channel bindings */

/* The client's Finished is the first of a full handshake, the server's of a resumed one (RFC
 * 5929, 3.1). */
static size_t tls_unique(SSL *ssl, unsigned char *data, size_t size)
{
    return SSL_session_reused(ssl) ? SSL_get_finished(ssl, data, size)
                                   : SSL_get_peer_finished(ssl, data, size);
}

/* RFC 9266, 2. */
static size_t tls_exporter(SSL *ssl, unsigned char *data, size_t size)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    (void)size;
    if (SSL_export_keying_material(ssl, data, 32, label, strlen(label), NULL, 0, 1) != 1) {
        die("tls-exporter");
    }
    return 32;
}

/* RFC 5929, 4.1: the hash of the signature, but nothing weaker than SHA-256. */
static size_t tls_server_end_point(SSL *ssl, unsigned char *data, size_t size)
{
    X509 *certificate = SSL_get_certificate(ssl);
    int hash = NID_undef;
    OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &hash, NULL);
    const EVP_MD *md = hash == NID_undef || hash == NID_md5 || hash == NID_sha1
                           ? EVP_sha256()
                           : EVP_get_digestbynid(hash);
    unsigned length = (unsigned)size;
    if (X509_digest(certificate, md, data, &length) != 1) {
        die("tls-server-end-point");
    }
    return length;
}

static const struct {
    const char *name;
    size_t (*take)(SSL *ssl, unsigned char *data, size_t size);
} bindings[] = {
    {"tls-unique", tls_unique},
    {"tls-exporter", tls_exporter},
    {"tls-server-end-point", tls_server_end_point},
};

static void bind_channel(Client *c)
{
    for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++) {
        if (strcmp(bindings[i].name, binding_name) == 0) {
            c->binding.name = binding_name;
            c->binding.data = c->binding_data;
            c->binding.len = bindings[i].take(c->ssl, c->binding_data, sizeof c->binding_data);
            sasl_setprop(c->sasl, SASL_CHANNEL_BINDING, &c->binding);
        }
    }
}

/* SASL */

static int option(void *context, const char *plugin, const char *name, const char **result,
                  unsigned *length)
{
    static const char *const options[][2] = {
        {"pwcheck_method", "auxprop"},
        {"auxprop_plugin", "sasldb"},
        {"mech_list", "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 PLAIN"},
    };
    (void)context;
    (void)plugin;
    *result = strcmp(name, "sasldb_path") == 0 ? sasldb : NULL;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(name, options[i][0]) == 0) {
            *result = options[i][1];
        }
    }
    if (length && *result) {
        *length = (unsigned)strlen(*result);
    }
    return *result ? SASL_OK : SASL_FAIL;
}

static sasl_callback_t callbacks[] = {
    {SASL_CB_GETOPT, (int (*)(void))(void (*)(void))option, NULL},
    {SASL_CB_LIST_END, NULL, NULL},
};

static bool decode(const char *line, char *data, unsigned *length)
{
    return strcmp(line, "=") == 0 ? (*length = 0, true)
                                  : sasl_decode64(line, (unsigned)strlen(line), data,
                                                  LINE_MAX_BYTES, length) == SASL_OK;
}

/* "MECHANISM [INITIAL-RESPONSE]" */
static void authenticate(Client *c, char *mechanism)
{
    static char line[LINE_MAX_BYTES], data[LINE_MAX_BYTES], reply[LINE_MAX_BYTES * 2];
    char *initial = strchr(mechanism, ' ');
    if (initial) {
        *initial++ = '\0';
    }
    unsigned length = 0;
    if (initial && !decode(initial, data, &length)) {
        say(c, "501 5.5.2 no base64\r\n");
        return;
    }
    const char *out = NULL;
    unsigned out_length = 0;
    int result =
        sasl_server_start(c->sasl, mechanism, initial ? data : NULL, length, &out, &out_length);
    while (result == SASL_CONTINUE) {
        char encoded[LINE_MAX_BYTES];
        unsigned encoded_length = 0;
        sasl_encode64(out ? out : "", out_length, encoded, sizeof encoded, &encoded_length);
        snprintf(reply, sizeof reply, "334 %s\r\n", encoded);
        say(c, reply);
        if (!read_line(c, line) || strcmp(line, "*") == 0 || !decode(line, data, &length)) {
            result = SASL_BADPROT;
            break;
        }
        result = sasl_server_step(c->sasl, data, length, &out, &out_length);
    }
    printf("%s over %s with %s: %s\n", mechanism, SSL_get_version(c->ssl), binding_name,
           result == SASL_OK ? "ok" : sasl_errdetail(c->sasl));
    fflush(stdout);
    say(c, result == SASL_OK ? "235 2.7.0 welcome\r\n" : "535 5.7.8 authentication failed\r\n");
}

/* the session */

static bool start_tls(Client *c)
{
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) != 1) {
        ERR_print_errors_fp(stdout);
        return false;
    }
    bind_channel(c);
    return true;
}

static void capabilities(Client *c)
{
    const char *mechanisms = "";
    char reply[1024];
    if (!c->ssl) {
        say(c, "250-binding.example.test\r\n250 STARTTLS\r\n");
        return;
    }
    sasl_listmech(c->sasl, NULL, "", " ", "", &mechanisms, NULL, NULL);
    snprintf(reply, sizeof reply, "250-binding.example.test\r\n250 AUTH %s\r\n", mechanisms);
    say(c, reply);
}

/* False ends the session. */
static bool command(Client *c, char *line)
{
    if (strncasecmp(line, "EHLO", 4) == 0) {
        capabilities(c);
    } else if (strcasecmp(line, "STARTTLS") == 0 && !c->ssl) {
        say(c, "220 2.0.0 go ahead\r\n");
        return start_tls(c);
    } else if (strncasecmp(line, "AUTH ", 5) == 0 && c->ssl) {
        authenticate(c, line + 5);
    } else if (strcasecmp(line, "QUIT") == 0) {
        say(c, "221 2.0.0 bye\r\n");
        return false;
    } else {
        say(c, strcasecmp(line, "NOOP") == 0 ? "250 2.0.0 ok\r\n" : "502 5.5.1 unknown\r\n");
    }
    return true;
}

static void serve(int fd, bool implicit)
{
    Client c = {.fd = fd};
    char line[LINE_MAX_BYTES];
    if (sasl_server_new("smtp", "mail.example.test", "mail.example.test", NULL, NULL, NULL, 0,
                        &c.sasl) != SASL_OK) {
        die("sasl_server_new");
    }
    if (!implicit || start_tls(&c)) {
        say(&c, "220 binding.example.test ESMTP\r\n");
        while (read_line(&c, line) && command(&c, line)) {
        }
    }
    if (c.ssl) {
        SSL_shutdown(c.ssl);
        SSL_free(c.ssl);
    }
    sasl_dispose(&c.sasl);
    close(fd);
}

static void prepare_tls(const char *cert, const char *version)
{
    int number = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls, number);
    SSL_CTX_set_max_proto_version(tls, number);
    if (SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, cert, SSL_FILETYPE_PEM) != 1) {
        die(cert);
    }
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: %s PORT CERT.pem SASLDB BINDING starttls|implicit 1.2|1.3\n",
                argv[0]);
        return 64;
    }
    sasldb = argv[3];
    binding_name = argv[4];
    prepare_tls(argv[2], argv[6]);
    if (sasl_server_init(callbacks, "binding_peer") != SASL_OK) {
        die("sasl_server_init");
    }
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t)atoi(argv[1]))};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 16) != 0) {
        die("listen");
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            serve(fd, strcmp(argv[5], "implicit") == 0);
        }
    }
}
