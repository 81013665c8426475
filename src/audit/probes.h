/* probes.h: the probes of one service, and what they share. Each is straight-line code over a
 * Prober; it stops where there are no more connections, and leaves a reason where it could learn
 * nothing. All suspend. Private to audit/. */
#pragma once

#include "audit/offer.h"
#include "audit/prober.h"

/* probe_versions.c: SSLv2 to TLS 1.3, and whether offering TLS 1.3 frightens the server. First of
 * all: the others build on it; or at least on the best there is, which may be asked for before. */
void probe_best_version(Prober *p);
void probe_versions(Prober *p);
/* probe_suites.c: by class; or, with `full`, each one there is. */
void probe_suites(Prober *p);
/* probe_order.c: whose order of suites counts, and whether SNI is needed. */
void probe_order(Prober *p);
/* ... and what is known of it goes for older versions too, as far as they are offered. No I/O. */
void probe_order_of_older(Facts *f);
/* probe_certificates.c: both kinds of certificates, RSA and ECDSA, where TLS 1.2 or older lets them
 * be seen. */
void probe_certificates(Prober *p);
/* Has a certificate with such a key been seen: "RSA", "EC"? */
bool has_key(const Facts *facts, const char *type);
/* probe_groups.c: hybrid and weak groups; with `full` all groups and signature schemes. */
void probe_groups(Prober *p);
/* probe_extensions.c */
void probe_extensions(Prober *p);
/* ... and what of it follows from suites alone. No I/O. */
void probe_etm(Prober *p);
/* probe_vulnerable.c */
void probe_vulnerable(Prober *p);
/* probe_robot.c: ROBOT, where there is static RSA and connections enough are left for it; and
 * Ticketbleed. */
void probe_robot(Prober *p);
void probe_ticketbleed(Prober *p);
/* CVE-2014-0224, over a connection below TLS 1.3 that has been answered and is of no more use for
 * anything else (asked->session). */
void probe_early_ccs(Facts *f, Asked *asked);

/* enumerate.c: finds every suite of one version: the chosen one is withheld and the rest asked for
 * again (RFC 5246 7.4.1.2 lets the server choose one at a time only). What the server breaks down
 * on is asked for in smaller sets; what stays unknown is added to `unknown` (of uint16_t) and *why
 * (the caller's) says why. Fills the facts of the version. */
void enumerate_suites(Prober *p, VersionIndex version, GArray *unknown, char **why);

/* The highest and the lowest of SSLv3 to TLS 1.2 that is offered; V_COUNT: none. */
VersionIndex highest_old(const Facts *facts);
VersionIndex lowest_old(const Facts *facts);
/* Is it known of each of them? */
bool old_versions_known(const Facts *facts);
/* The suites that need DH parameters, which some servers choose without having any, or those that
 * do not. The caller frees the array. */
GArray *suites_by_dh(const GArray *suites, bool wanted);
/* Asks for these suites and no others, and reads the answer as one about them: YES chosen, NO
 * refused, UNKNOWN with *why (the caller's). A refusal of a whole version or a choice that was not
 * offered are no yes. */
Known ask_suites(Prober *p, VersionIndex version, const GArray *suites, Asked *asked, char **why);
