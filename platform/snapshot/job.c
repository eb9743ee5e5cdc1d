/* SPDX-License-Identifier: MIT
 *
 * The statuses of a job, and the words of the errors, are QEMU's.
 */
#include "platform/snapshot/job.h"

#include <string.h>

enum { JOBS_MAX = 64, ID_MAX = 128 };

typedef struct Job {
    Jobs *jobs;
    SnapshotJobType type;
    char *id, *tag;
    const char *status;
    GError *error;
    guint source; /* which runs it; 0: it ran */
} Job;

struct Jobs {
    Snapshots *snapshots;
    Notices *notices;
    GPtrArray *all; /* of Job*, owned */
};

static void job_free(void *opaque)
{
    Job *job = opaque;
    if (job->source)
        g_source_remove(job->source);
    g_clear_error(&job->error);
    g_free(job->id);
    g_free(job->tag);
    g_free(job);
}

Jobs *jobs_new(Snapshots *snapshots, Notices *notices)
{
    Jobs *jobs = g_new0(Jobs, 1);
    *jobs = (Jobs){snapshots, notices, g_ptr_array_new_with_free_func(job_free)};
    return jobs;
}

void jobs_free(Jobs *jobs)
{
    if (!jobs)
        return;
    g_ptr_array_unref(jobs->all);
    g_free(jobs);
}

/* Each status is told, so each is a subject of its own. */
static void enter(Job *job, const char *status)
{
    g_autofree char *subject = g_strdup_printf("%s %s", job->id, status);
    job->status = status;
    notices_post(job->jobs->notices, "JOB_STATUS_CHANGE", subject,
                 g_variant_new_parsed("{'id': <%s>, 'status': <%s>}", job->id, status));
}

static bool execute(const Job *job, GError **error)
{
    switch (job->type) {
    case SNAPSHOT_JOB_SAVE:
        return snapshots_save(job->jobs->snapshots, job->tag, false, error);
    case SNAPSHOT_JOB_LOAD:
        return snapshots_load(job->jobs->snapshots, job->tag, error);
    case SNAPSHOT_JOB_DELETE:
        return snapshots_delete(job->jobs->snapshots, job->tag, error);
    }
    g_assert_not_reached();
}

static gboolean run(gpointer opaque)
{
    Job *job = opaque;
    job->source = 0;
    enter(job, "running");
    if (execute(job, &job->error)) {
        enter(job, "waiting");
        enter(job, "pending");
    } else {
        enter(job, "aborting");
    }
    enter(job, "concluded");
    return G_SOURCE_REMOVE;
}

static Job *find(const Jobs *jobs, const char *id)
{
    for (guint i = 0; i < jobs->all->len; i++)
        if (!strcmp(((Job *)jobs->all->pdata[i])->id, id))
            return jobs->all->pdata[i];
    return NULL;
}

/* QEMU's rule for all ids. */
static bool id_is_good(const char *id)
{
    bool good = g_ascii_isalpha(id[0]) && strlen(id) <= ID_MAX;
    for (; *id; id++)
        good &= g_ascii_isalnum(*id) || strchr("-._", *id);
    return good;
}

bool jobs_begin(Jobs *jobs, SnapshotJobType type, const char *id, const char *tag, GError **error)
{
    if (!id_is_good(id))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "Invalid job ID '%s'", id);
    else if (find(jobs, id))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "Job ID '%s' already in use", id);
    else if (jobs->all->len >= JOBS_MAX)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "there are %d jobs, some of which can be dismissed", JOBS_MAX);
    else {
        Job *job = g_new0(Job, 1);
        *job = (Job){.jobs = jobs, .type = type, .id = g_strdup(id), .tag = g_strdup(tag)};
        g_ptr_array_add(jobs->all, job);
        enter(job, "created");
        job->source = g_idle_add(run, job);
        return true;
    }
    return false;
}

bool jobs_get(const Jobs *jobs, unsigned index, JobInfo *info)
{
    static const char *const types[] = {
#define X(id, name) name,
        SNAPSHOT_JOB_LIST(X)
#undef X
    };
    if (index >= jobs->all->len)
        return false;
    const Job *job = jobs->all->pdata[index];
    *info = (JobInfo){job->id, types[job->type], job->status, job->error ? job->error->message : NULL, !job->source};
    return true;
}

bool jobs_dismiss(Jobs *jobs, const char *id, GError **error)
{
    Job *job = find(jobs, id);
    if (!job) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "Job not found");
        return false;
    }
    if (job->source) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "Job '%s' in state '%s' cannot accept command verb 'dismiss'", id,
                    job->status);
        return false;
    }
    enter(job, "null");
    g_ptr_array_remove(jobs->all, job);
    return true;
}
