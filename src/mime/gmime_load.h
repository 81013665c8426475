/* gmime_load.h: GMime and GObject, loaded when a verb needs them.
 *
 * Linking them would cost every verb 1.2 ms at start (libgio, libgpgme and what these bring;
 * measured: an empty GLib program takes 1.3 ms, the same linked with GMime 2.6), so nothing here is
 * linked: a function is called through the table, `g->g_mime_parser_new()`. The cast macros of
 * GMime's headers (GMIME_PART(x), GMIME_IS_PART(x), GMIME_TYPE_PART) call functions that are not
 * linked: write a C cast, gmime_is() and `g->g_mime_part_get_type()`.
 *
 * GMime is not thread-safe here, and may loop for ever or use up the memory on hostile input: parse
 * only what nobody sent, or inside the limited worker of mime/limits.h. */
#pragma once

#include <gmime/gmime.h>
#include <stdbool.h>

#include "base/library.h"

#define GMIME_OBJECT_FUNCTIONS(X)                                                                  \
    X(g_object_ref)                                                                                \
    X(g_object_unref)                                                                              \
    X(g_type_check_instance_is_a)

/* Messages and parts, read and written. */
#define GMIME_PART_FUNCTIONS(X)                                                                    \
    X(g_mime_object_get_type)                                                                      \
    X(g_mime_object_new_type)                                                                      \
    X(g_mime_object_get_content_type)                                                              \
    X(g_mime_object_set_content_type)                                                              \
    X(g_mime_object_get_content_type_parameter)                                                    \
    X(g_mime_object_set_content_type_parameter)                                                    \
    X(g_mime_object_get_content_disposition)                                                       \
    X(g_mime_object_set_content_disposition)                                                       \
    X(g_mime_object_get_disposition)                                                               \
    X(g_mime_object_set_disposition)                                                               \
    X(g_mime_object_get_content_disposition_parameter)                                             \
    X(g_mime_object_set_content_disposition_parameter)                                             \
    X(g_mime_object_get_content_id)                                                                \
    X(g_mime_object_set_content_id)                                                                \
    X(g_mime_object_prepend_header)                                                                \
    X(g_mime_object_append_header)                                                                 \
    X(g_mime_object_set_header)                                                                    \
    X(g_mime_object_get_header)                                                                    \
    X(g_mime_object_remove_header)                                                                 \
    X(g_mime_object_get_header_list)                                                               \
    X(g_mime_object_get_headers)                                                                   \
    X(g_mime_object_write_to_stream)                                                               \
    X(g_mime_object_write_content_to_stream)                                                       \
    X(g_mime_object_to_string)                                                                     \
    X(g_mime_object_encode)                                                                        \
    X(g_mime_part_get_type)                                                                        \
    X(g_mime_part_new_with_type)                                                                   \
    X(g_mime_part_set_content_description)                                                         \
    X(g_mime_part_get_content_description)                                                         \
    X(g_mime_part_set_content_id)                                                                  \
    X(g_mime_part_get_content_id)                                                                  \
    X(g_mime_part_set_content_encoding)                                                            \
    X(g_mime_part_get_content_encoding)                                                            \
    X(g_mime_part_get_best_content_encoding)                                                       \
    X(g_mime_part_set_filename)                                                                    \
    X(g_mime_part_get_filename)                                                                    \
    X(g_mime_part_set_content)                                                                     \
    X(g_mime_part_get_content)                                                                     \
    X(g_mime_text_part_get_type)                                                                   \
    X(g_mime_text_part_new_with_subtype)                                                           \
    X(g_mime_text_part_set_charset)                                                                \
    X(g_mime_text_part_get_charset)                                                                \
    X(g_mime_text_part_set_text)                                                                   \
    X(g_mime_text_part_get_text)                                                                   \
    X(g_mime_multipart_get_type)                                                                   \
    X(g_mime_multipart_new_with_subtype)                                                           \
    X(g_mime_multipart_add)                                                                        \
    X(g_mime_multipart_insert)                                                                     \
    X(g_mime_multipart_get_part)                                                                   \
    X(g_mime_multipart_get_count)                                                                  \
    X(g_mime_multipart_set_boundary)                                                               \
    X(g_mime_multipart_get_boundary)                                                               \
    X(g_mime_multipart_set_prologue)                                                               \
    X(g_mime_multipart_get_prologue)                                                               \
    X(g_mime_multipart_get_epilogue)                                                               \
    X(g_mime_message_part_get_type)                                                                \
    X(g_mime_message_part_new_with_message)                                                        \
    X(g_mime_message_part_get_message)                                                             \
    X(g_mime_message_partial_get_type)                                                             \
    X(g_mime_message_get_type)                                                                     \
    X(g_mime_message_new)                                                                          \
    X(g_mime_message_set_subject)                                                                  \
    X(g_mime_message_get_subject)                                                                  \
    X(g_mime_message_set_date)                                                                     \
    X(g_mime_message_get_date)                                                                     \
    X(g_mime_message_set_message_id)                                                               \
    X(g_mime_message_get_message_id)                                                               \
    X(g_mime_message_add_mailbox)                                                                  \
    X(g_mime_message_get_addresses)                                                                \
    X(g_mime_message_get_all_recipients)                                                           \
    X(g_mime_message_get_mime_part)                                                                \
    X(g_mime_message_set_mime_part)

/* Content types, dispositions, parameters (RFC 2231), headers (RFC 2047), addresses. */
#define GMIME_HEADER_FUNCTIONS(X)                                                                  \
    X(g_mime_content_type_new)                                                                     \
    X(g_mime_content_type_parse)                                                                   \
    X(g_mime_content_type_get_mime_type)                                                           \
    X(g_mime_content_type_is_type)                                                                 \
    X(g_mime_content_type_get_media_type)                                                          \
    X(g_mime_content_type_get_media_subtype)                                                       \
    X(g_mime_content_type_get_parameters)                                                          \
    X(g_mime_content_type_get_parameter)                                                           \
    X(g_mime_content_type_set_parameter)                                                           \
    X(g_mime_content_disposition_new)                                                              \
    X(g_mime_content_disposition_parse)                                                            \
    X(g_mime_content_disposition_get_disposition)                                                  \
    X(g_mime_content_disposition_set_disposition)                                                  \
    X(g_mime_content_disposition_get_parameters)                                                   \
    X(g_mime_content_disposition_get_parameter)                                                    \
    X(g_mime_content_disposition_set_parameter)                                                    \
    X(g_mime_param_list_length)                                                                    \
    X(g_mime_param_list_get_parameter)                                                             \
    X(g_mime_param_list_get_parameter_at)                                                          \
    X(g_mime_param_get_name)                                                                       \
    X(g_mime_param_get_value)                                                                      \
    X(g_mime_param_set_value)                                                                      \
    X(g_mime_param_set_charset)                                                                    \
    X(g_mime_param_set_encoding_method)                                                            \
    X(g_mime_header_list_get_count)                                                                \
    X(g_mime_header_list_contains)                                                                 \
    X(g_mime_header_list_get_header)                                                               \
    X(g_mime_header_list_get_header_at)                                                            \
    X(g_mime_header_list_prepend)                                                                  \
    X(g_mime_header_list_append)                                                                   \
    X(g_mime_header_list_set)                                                                      \
    X(g_mime_header_list_remove)                                                                   \
    X(g_mime_header_list_to_string)                                                                \
    X(g_mime_header_get_name)                                                                      \
    X(g_mime_header_get_raw_name)                                                                  \
    X(g_mime_header_get_value)                                                                     \
    X(g_mime_header_set_value)                                                                     \
    X(g_mime_header_get_raw_value)                                                                 \
    X(g_mime_header_set_raw_value)                                                                 \
    X(g_mime_header_get_offset)                                                                    \
    X(g_mime_utils_header_decode_date)                                                             \
    X(g_mime_utils_header_format_date)                                                             \
    X(g_mime_utils_generate_message_id)                                                            \
    X(g_mime_utils_decode_message_id)                                                              \
    X(g_mime_utils_header_decode_text)                                                             \
    X(g_mime_utils_header_decode_phrase)                                                           \
    X(g_mime_utils_header_encode_text)                                                             \
    X(g_mime_utils_header_encode_phrase)                                                           \
    X(g_mime_utils_header_unfold)                                                                  \
    X(g_mime_utils_structured_header_fold)                                                         \
    X(g_mime_utils_unstructured_header_fold)                                                       \
    X(g_mime_utils_quote_string)                                                                   \
    X(g_mime_utils_decode_8bit)                                                                    \
    X(g_mime_utils_best_encoding)                                                                  \
    X(internet_address_set_name)                                                                   \
    X(internet_address_get_name)                                                                   \
    X(internet_address_set_charset)                                                                \
    X(internet_address_to_string)                                                                  \
    X(internet_address_mailbox_get_type)                                                           \
    X(internet_address_mailbox_new)                                                                \
    X(internet_address_mailbox_get_addr)                                                           \
    X(internet_address_mailbox_set_addr)                                                           \
    X(internet_address_mailbox_get_idn_addr)                                                       \
    X(internet_address_group_get_type)                                                             \
    X(internet_address_group_new)                                                                  \
    X(internet_address_group_get_members)                                                          \
    X(internet_address_group_add_member)                                                           \
    X(internet_address_list_new)                                                                   \
    X(internet_address_list_length)                                                                \
    X(internet_address_list_add)                                                                   \
    X(internet_address_list_append)                                                                \
    X(internet_address_list_get_address)                                                           \
    X(internet_address_list_to_string)                                                             \
    X(internet_address_list_parse)

/* Parser, streams, filters, encodings, character sets, options. */
#define GMIME_STREAM_FUNCTIONS(X)                                                                  \
    X(g_mime_init)                                                                                 \
    X(g_mime_parser_new_with_stream)                                                               \
    X(g_mime_parser_set_persist_stream)                                                            \
    X(g_mime_parser_set_format)                                                                    \
    X(g_mime_parser_set_respect_content_length)                                                    \
    X(g_mime_parser_construct_message)                                                             \
    X(g_mime_parser_construct_part)                                                                \
    X(g_mime_parser_tell)                                                                          \
    X(g_mime_parser_eos)                                                                           \
    X(g_mime_parser_get_mbox_marker)                                                               \
    X(g_mime_parser_get_mbox_marker_offset)                                                        \
    X(g_mime_parser_get_headers_begin)                                                             \
    X(g_mime_parser_get_headers_end)                                                               \
    X(g_mime_parser_options_new)                                                                   \
    X(g_mime_parser_options_free)                                                                  \
    X(g_mime_parser_options_set_address_compliance_mode)                                           \
    X(g_mime_parser_options_set_allow_addresses_without_domain)                                    \
    X(g_mime_parser_options_set_parameter_compliance_mode)                                         \
    X(g_mime_parser_options_set_rfc2047_compliance_mode)                                           \
    X(g_mime_parser_options_set_fallback_charsets)                                                 \
    X(g_mime_parser_options_set_warning_callback)                                                  \
    X(g_mime_format_options_get_default)                                                           \
    X(g_mime_format_options_new)                                                                   \
    X(g_mime_format_options_clone)                                                                 \
    X(g_mime_format_options_free)                                                                  \
    X(g_mime_format_options_set_param_encoding_method)                                             \
    X(g_mime_format_options_set_newline_format)                                                    \
    X(g_mime_format_options_add_hidden_header)                                                     \
    X(g_mime_stream_fs_new)                                                                        \
    X(g_mime_stream_fs_new_with_bounds)                                                            \
    X(g_mime_stream_fs_set_owner)                                                                  \
    X(g_mime_stream_pipe_new)                                                                      \
    X(g_mime_stream_pipe_set_owner)                                                                \
    X(g_mime_stream_mem_get_type)                                                                  \
    X(g_mime_stream_mem_new)                                                                       \
    X(g_mime_stream_mem_new_with_buffer)                                                           \
    X(g_mime_stream_mem_new_with_byte_array)                                                       \
    X(g_mime_stream_mem_get_byte_array)                                                            \
    X(g_mime_stream_mem_set_owner)                                                                 \
    X(g_mime_stream_mmap_new)                                                                      \
    X(g_mime_stream_null_new)                                                                      \
    X(g_mime_stream_cat_new)                                                                       \
    X(g_mime_stream_cat_add_source)                                                                \
    X(g_mime_stream_buffer_new)                                                                    \
    X(g_mime_stream_filter_new)                                                                    \
    X(g_mime_stream_filter_add)                                                                    \
    X(g_mime_stream_read)                                                                          \
    X(g_mime_stream_write)                                                                         \
    X(g_mime_stream_write_string)                                                                  \
    X(g_mime_stream_write_to_stream)                                                               \
    X(g_mime_stream_flush)                                                                         \
    X(g_mime_stream_reset)                                                                         \
    X(g_mime_stream_seek)                                                                          \
    X(g_mime_stream_tell)                                                                          \
    X(g_mime_stream_eos)                                                                           \
    X(g_mime_stream_length)                                                                        \
    X(g_mime_stream_substream)                                                                     \
    X(g_mime_filter_basic_new)                                                                     \
    X(g_mime_filter_best_new)                                                                      \
    X(g_mime_filter_best_charset)                                                                  \
    X(g_mime_filter_best_encoding)                                                                 \
    X(g_mime_filter_charset_new)                                                                   \
    X(g_mime_filter_windows_new)                                                                   \
    X(g_mime_filter_dos2unix_new)                                                                  \
    X(g_mime_filter_unix2dos_new)                                                                  \
    X(g_mime_filter_smtp_data_new)                                                                 \
    X(g_mime_filter_html_new)                                                                      \
    X(g_mime_data_wrapper_new_with_stream)                                                         \
    X(g_mime_data_wrapper_get_stream)                                                              \
    X(g_mime_data_wrapper_get_encoding)                                                            \
    X(g_mime_data_wrapper_write_to_stream)                                                         \
    X(g_mime_content_encoding_from_string)                                                         \
    X(g_mime_content_encoding_to_string)                                                           \
    X(g_mime_encoding_init_encode)                                                                 \
    X(g_mime_encoding_init_decode)                                                                 \
    X(g_mime_encoding_outlen)                                                                      \
    X(g_mime_encoding_step)                                                                        \
    X(g_mime_encoding_flush)                                                                       \
    X(g_mime_charset_canon_name)                                                                   \
    X(g_mime_charset_iconv_name)                                                                   \
    X(g_mime_charset_best)

#define GMIME_FUNCTIONS(X)                                                                         \
    GMIME_OBJECT_FUNCTIONS(X)                                                                      \
    GMIME_PART_FUNCTIONS(X) GMIME_HEADER_FUNCTIONS(X) GMIME_STREAM_FUNCTIONS(X)

/* The headers may wrap these in macros; here the functions themselves are meant. */
#undef g_object_ref

typedef struct {
    GMIME_FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} Gmime;

/* The table, loaded and initialised at the first call; it lives as long as the process. NULL with
 * CONFIG when the library is missing. Does not suspend. */
const Gmime *gmime_load(GError **error);

/* Is the object of that type, `g->g_mime_part_get_type()`, or of one derived from it? False for
 * NULL. */
bool gmime_is(const Gmime *g, const void *object, GType type);
