#include "exchange.h"

#include "sasl/decode.h"

static void assert_line(Bytes raw, const char *hint, bool from_server, const char *expected)
{
    g_autoptr(SaslDecoded) decoded = sasl_decode(raw, hint, from_server, false);
    g_autofree char *line = sasl_decoded_line(decoded);
    g_assert_cmpstr(line, ==, expected);
}

/* Out of base64, as one meets it. */
static void assert_line64(const char *base64, const char *hint, bool from_server,
                          const char *expected)
{
    g_autoptr(GByteArray) raw = bytes_base64_decode(bytes_of(base64));
    g_assert_nonnull(raw);
    assert_line(bytes_of_array(raw), hint, from_server, expected);
}

static void test_plain(void)
{
    assert_line(B("\0tim\0tanstaaf"), NULL, false,
                "PLAIN initial response: user=tim, password=*****");
    assert_line(B("Ursel\0Kurt\0xipj3plmq"), "PLAIN", false,
                "PLAIN initial response: act as=Ursel, user=Kurt, password=*****");
    assert_line(B("\0\0"), NULL, false,
                "message of 2 octets that no mechanism is known by: hex=*****");
    g_autoptr(SaslDecoded) shown = sasl_decode(B("\0tim\0p\xe4ss\x1b"), NULL, false, true);
    g_autofree char *line = sasl_decoded_line(shown);
    g_assert_cmpstr(line, ==, "PLAIN initial response: user=tim, password=p\\xE4ss\\x1B");
    g_assert_true(((SaslField *)shown->fields->pdata[1])->secret);
}

static void test_login(void)
{
    assert_line64("VXNlcm5hbWU6", NULL, false,
                  "LOGIN server asks for the user name: prompt=Username:");
    assert_line64("UGFzc3dvcmQ6", NULL, true,
                  "LOGIN server asks for the password: prompt=Password:");
    assert_line(B("User Name\0"), "LOGIN", true,
                "LOGIN server asks for the user name: prompt=User Name\\x00");
    assert_line(B("joe"), "LOGIN", false, "LOGIN client response: user name or password=*****");
    assert_line(B("joe"), "LOGIN user", false, "LOGIN client's user name: user=joe");
    assert_line(B("pw"), "LOGIN password", false, "LOGIN client's password: password=*****");
}

static void test_cram_md5(void)
{
    assert_line64(
        "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", NULL, true,
        "CRAM-MD5 server challenge: challenge=<1896.697170952@postoffice.reston.mci.net>");
    assert_line64("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", NULL, false,
                  "CRAM-MD5 client response: user=tim, digest=*****");
    assert_line(B("anything"), "CRAM-MD5", true, "CRAM-MD5 server challenge: challenge=anything");
}

static void test_scram(void)
{
    assert_line(B("n,,n=user,r=fyko"), NULL, false,
                "SCRAM client first message: channel binding=none, user=user, nonce=fyko");
    assert_line(B("p=tls-exporter,a=b=2Cc,n=us=3Der,r=x"), NULL, false,
                "SCRAM client first message: channel binding=tls-exporter, act as=b,c, user=us=er, "
                "nonce=x");
    assert_line(B("r=fyko3rf,s=QSXCR+Q6sek8bf92,i=1024"), NULL, false,
                "SCRAM server first message: nonce=fyko3rf, salt=QSXCR+Q6sek8bf92, iterations=1024 "
                "(fewer than the 4096 that "
                "RFC 7677 wants)");
    assert_line(
        B("c=biws,r=fyko3rf,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="), "SCRAM-SHA-1", false,
        "SCRAM-SHA-1 client final message: channel binding=none, nonce=fyko3rf, proof=*****");
    assert_line(B("c=cD10bHMtZXhwb3J0ZXIsLERBVEE=,r=a,p=x"), NULL, false,
                "SCRAM client final message: channel binding=tls-exporter, bound to=44415441, "
                "nonce=a, proof=*****");
    assert_line(B("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), NULL, true,
                "SCRAM server final message: server's proof=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    assert_line(B("e=invalid-proof"), NULL, true,
                "SCRAM server's refusal: error=invalid-proof (the password is wrong)");
    assert_line(B("v=1"), NULL, true,
                "server challenge of 3 octets that no mechanism is known by: text=v=1");
}

static void test_digest_md5(void)
{
    assert_line(B("realm=\"elwood\",nonce=\"OA6\",qop=\"auth\",algorithm=md5-sess,charset=utf-8"),
                NULL, false,
                "DIGEST-MD5 server challenge: realm=elwood, nonce=OA6, qop=auth, "
                "algorithm=md5-sess, charset=utf-8");
    assert_line(B("username=\"chris\",nonce=\"OA6\",response=d388dad90d4bbd76"), NULL, false,
                "DIGEST-MD5 client response: username=chris, nonce=OA6, response=*****");
    assert_line(B("rspauth=ea40f6"), NULL, true, "DIGEST-MD5 server's proof: rspauth=ea40f6");
}

static void test_oauth(void)
{
    assert_line(B("user=me@x\001auth=Bearer ya29.T\001\001"), NULL, false,
                "XOAUTH2 initial response: user=me@x, token=*****");
    assert_line(B("n,a=me@x,\001host=h\001port=143\001auth=Bearer T\001\001"), NULL, false,
                "OAUTHBEARER initial response: user=me@x, host=h, port=143, token=*****");
    assert_line(B("{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"mail\"}"), "XOAUTH2",
                true,
                "XOAUTH2 server's refusal: status=400, schemes=Bearer, scope=mail (token refused, "
                "status 400: the token has "
                "expired, was revoked, or is for another user or service; scope mail)");
    assert_line(B("\001"), "OAUTHBEARER", false,
                "OAUTHBEARER client's word that it has read the refusal");
    assert_line(B("n,,\001auth=Basic eDp5\001\001"), NULL, false,
                "OAUTHBEARER initial response: auth=*****");
}

static void test_ntlm(void)
{
    assert_line64("TlRMTVNTUAABAAAAB4IIAAAAAAAgAAAAAAAAACAAAAA=", NULL, false,
                  "NTLM type 1 (client: negotiate): flags=0x00088207 (unicode, 8-bit, asks for the "
                  "target, ntlm, always "
                  "sign, extended session security)");
    g_autoptr(GByteArray) type_2 = bytes_from_hex(
        B("4e544c4d53535000 02000000 0c000c00 30000000 01028000 0123456789abcdef 0000000000000000 "
          "14001400 "
          "3c000000 530065007200760065007200 02000c0044006f006d00610069006e00 00000000"));
    assert_line(bytes_of_array(type_2), NULL, true,
                "NTLM type 2 (server: challenge): target=Server, challenge=0123456789abcdef, "
                "domain=Domain, "
                "flags=0x00800201 (unicode, ntlm, target info)");
    g_autoptr(GByteArray) type_3 =
        bytes_from_hex(B("4e544c4d53535000 03000000 0200020040000000 0200020040000000 "
                         "0000000040000000 0200020042000000 "
                         "0000000040000000 0000000040000000 01020000 abcd 4a00"));
    assert_line(bytes_of_array(type_3), NULL, false,
                "NTLM type 3 (client: authenticate): user=J, version=unknown, LM response=*****, "
                "NT response=*****, "
                "flags=0x00000201 (unicode, ntlm)");
}

static void test_gssapi(void)
{
    assert_line(B("\x60\x0f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00xx"), NULL, false,
                "GSSAPI client's ticket (AP-REQ): octets=2");
    assert_line(B("\x60\x0f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x02\x00xx"), "GSSAPI", true,
                "GSSAPI server's proof (AP-REP): octets=2");
    assert_line(B("\x60\x09\x06\x06\x2b\x06\x01\x05\x05\x02x"), NULL, false,
                "GSS-SPNEGO SPNEGO's first token (a list of mechanisms): octets=1");
    /* RFC 4121: not sealed, checksum of 3 octets, turned right by 3 */
    assert_line(B("\x05\x04\x01\xff\x00\x03\x00\x03\0\0\0\0\0\0\0\x01"
                  "abc\x01\x00\x10\x00"),
                NULL, false, "GSSAPI server's security layers: layers=none , message size=4096");
    assert_line(
        B("\x05\x04\x00\xff\x00\x03\x00\x00\0\0\0\0\0\0\0\x01"
          "\x01\x00\x00\x00joe"
          "abc"),
        "GSSAPI", false,
        "GSSAPI client's choice of security layer: layers=none , message size=0, act as=joe");
}

static void test_what_is_not_known_is_masked_unless_the_server_said_it(void)
{
    assert_line(B("hello"), NULL, false,
                "message of 5 octets that no mechanism is known by: text=*****");
    assert_line(B("hello"), NULL, true,
                "server challenge of 5 octets that no mechanism is known by: text=hello");
    assert_line(B("\xff\x00"), NULL, true,
                "server challenge of 2 octets that no mechanism is known by: hex=ff00");
    assert_line(BYTES_NONE, "PLAIN", true, "PLAIN empty server challenge");
    assert_line(BYTES_NONE, NULL, false, "empty message");
    assert_line(B("x"), "X-NEW", false, "client response of 1 octets: text=*****");
}

static void test_values_are_escaped_and_cut(void)
{
    g_autoptr(SaslDecoded) decoded =
        sasl_decode(B("<\x1b]0;title\x07@x>"), "CRAM-MD5", true, false);
    g_autofree char *line = sasl_decoded_line(decoded);
    g_assert_null(strchr(line, '\x1b'));
    g_autofree char *big = g_strnfill(5000, 'x');
    g_autoptr(SaslDecoded) cut = sasl_decode(bytes_of(big), NULL, true, false);
    g_autofree char *cut_line = sasl_decoded_line(cut);
    g_assert_cmpuint(strlen(cut_line), <, 400);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/decode/plain", test_plain);
    g_test_add_func("/sasl/decode/login", test_login);
    g_test_add_func("/sasl/decode/cram_md5", test_cram_md5);
    g_test_add_func("/sasl/decode/scram", test_scram);
    g_test_add_func("/sasl/decode/digest_md5", test_digest_md5);
    g_test_add_func("/sasl/decode/oauth", test_oauth);
    g_test_add_func("/sasl/decode/ntlm", test_ntlm);
    g_test_add_func("/sasl/decode/gssapi", test_gssapi);
    g_test_add_func("/sasl/decode/what_is_not_known_is_masked_unless_the_server_said_it",
                    test_what_is_not_known_is_masked_unless_the_server_said_it);
    g_test_add_func("/sasl/decode/values_are_escaped_and_cut", test_values_are_escaped_and_cut);
    return g_test_run();
}
