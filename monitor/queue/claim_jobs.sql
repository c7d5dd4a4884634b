-- Claim up to so many jobs in one go, each as if it were claimed alone: the library's function sees what the call before it took.
WITH RECURSIVE claimed (n, job) AS (
    SELECT 1, procrastinate_fetch_job_v2(%(queues)s::varchar[], %(worker)s)
    UNION ALL
    SELECT n + 1, procrastinate_fetch_job_v2(%(queues)s::varchar[], %(worker)s) FROM claimed WHERE n < %(most)s AND (job).id IS NOT NULL
)
SELECT (job).id, (job).status, (job).task_name, (job).priority, (job).lock, (job).queueing_lock, (job).args, (job).scheduled_at,
       (job).queue_name, (job).attempts, (job).worker_id
  FROM claimed
 WHERE (job).id IS NOT NULL
 ORDER BY n
