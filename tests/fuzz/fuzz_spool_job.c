/* A .job file of the spool, as a disk may give it back: either it is a whole job, or it is damaged
 * and says why. */
#include "send/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SpoolJob) job = spool_job_parse("1-a", (Bytes){(const char *)data, size});
    g_assert_true(job->sender && job->recipients && job->options);
    g_assert_true(job->damaged ? job->held && job->why : job->recipients[0] != NULL);
    return 0;
}
