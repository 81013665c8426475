/* fixes.h: the lines to put in that more than one check advises. Postfix 3.6 and newer, Dovecot 2.3
 * (2.4 where it differs), Exim 4.94 and newer. Private to audit/. */
#pragma once

#define POSTFIX_PROTOCOLS                                                                          \
    "smtpd_tls_protocols = >=TLSv1.2\n"                                                            \
    "smtpd_tls_mandatory_protocols = >=TLSv1.2"
#define DOVECOT_PROTOCOLS "ssl_min_protocol = TLSv1.2"
#define EXIM_PROTOCOLS                                                                             \
    "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1\n"                                \
    "# built with GnuTLS (Debian): tls_require_ciphers = NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"
#define SCHANNEL "reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\"
#define EXCHANGE_PROTOCOL(name)                                                                    \
    SCHANNEL "Protocols\\" name "\\Server\" /v Enabled /t REG_DWORD /d 0 /f"

#define POSTFIX_EXCLUDE                                                                            \
    "smtpd_tls_exclude_ciphers = EXPORT, LOW, eNULL, DES, 3DES, RC4, RC2, MD5, SEED, IDEA\n"       \
    "smtpd_tls_mandatory_exclude_ciphers = aNULL"
#define DOVECOT_CIPHERS                                                                            \
    "ssl_cipher_list = ALL:!kRSA:!SRP:!kDHd:!DSS:!aNULL:!eNULL:!EXPORT:!DES:!3DES:!MD5:!PSK:!RC4:" \
    "!ADH:!LOW@STRENGTH"
#define EXIM_CIPHERS                                                                               \
    "tls_require_ciphers = HIGH:!aNULL:!eNULL:!3DES:!RC4:!MD5:!PSK:!SRP:!DSS\n"                    \
    "# built with GnuTLS (Debian): tls_require_ciphers = NORMAL"
#define EXCHANGE_CIPHER(name) SCHANNEL "Ciphers\\" name "\" /v Enabled /t REG_DWORD /d 0 /f"

#define POSTFIX_CERTIFICATE "smtpd_tls_chain_files = /etc/postfix/key-and-fullchain.pem"
#define DOVECOT_CERTIFICATE                                                                        \
    "ssl_cert = </etc/dovecot/fullchain.pem\n"                                                     \
    "ssl_key = </etc/dovecot/privkey.pem\n"                                                        \
    "# Dovecot 2.4: ssl_server_cert_file, ssl_server_key_file, without the <"
#define EXIM_CERTIFICATE                                                                           \
    "tls_certificate = /etc/exim4/fullchain.pem\n"                                                 \
    "tls_privatekey = /etc/exim4/privkey.pem"
#define EXCHANGE_CERTIFICATE                                                                       \
    "Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services SMTP,IMAP,POP"

#define POSTFIX_DH                                                                                 \
    "# openssl dhparam -out /etc/postfix/dh2048.pem 2048\n"                                        \
    "smtpd_tls_dh1024_param_file = /etc/postfix/dh2048.pem"
#define DOVECOT_DH                                                                                 \
    "# openssl dhparam -out /etc/dovecot/dh.pem 2048\n"                                            \
    "ssl_dh = </etc/dovecot/dh.pem\n"                                                              \
    "# Dovecot 2.4: ssl_server_dh_file = /etc/dovecot/dh.pem"
#define EXIM_DH "tls_dhparam = ffdhe2048"
