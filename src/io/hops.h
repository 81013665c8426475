/* hops.h: what lies between us and the target: --via, read; and the command line of ssh for it. No
 * I/O. */
#pragma once

#include <stdint.h>

#include "base/error.h"

typedef enum { HOP_SSH, HOP_SOCKS5 } HopKind;

typedef struct {
    HopKind kind;
    char *user;    /* or NULL */
    char *host;    /* without brackets */
    uint16_t port; /* 0: what ssh's configuration says; a SOCKS5 hop always has one */
} Hop;

/* "ssh://[USER@]HOST[:PORT]" or "socks5://[USER@]HOST[:PORT]" (1080). USAGE. */
bool hop_parse(const char *text, Hop *ret, GError **error);
void hop_clear(Hop *hop);

/* All of them, of Hop; empty for NULL. USAGE, also for an order that cannot be: ssh hops come
 * first, for ssh itself cannot be told to go through SOCKS. */
GArray *hops_parse(const char *const *via, GError **error);
/* How many ssh hops it begins with. */
size_t hops_count_ssh(const GArray *hops);

/* "ssh gw.example.org, socks5 127.0.0.1:1080"; the caller frees it. NULL when there is none. */
char *hops_text(const GArray *hops);

/* What the ssh to the last hop is for. */
typedef enum {
    SSH_FORWARD, /* -W: to a host and port from there */
    SSH_MASTER,  /* -N: a login that others share */
    SSH_ASK,     /* -G: only its configuration */
} SshRole;

typedef struct {
    const char *command;        /* ssh, or a command line of it with arguments in shell's quotes */
    const char *const *options; /* as DialPlan.ssh_options; may be NULL */
    bool batch;
    SshRole role;
    const char *control; /* ControlPath of a login that is shared, to the last hop; or NULL */
} SshHow;

/* The arguments of the one ssh that leads to host:port through the first n hops: -W at the last, a
 * ProxyCommand with another ssh for those before. host is of no use but for SSH_FORWARD. CONFIG
 * when how->command cannot be read. */
GStrv hops_ssh_argv(const GArray *hops, size_t n, const SshHow *how, const char *host,
                    uint16_t port, GError **error);
