-- One job goes back to where it may be claimed again; where the same work is waiting already it only ends.
-- The queueing lock is unique among waiting jobs alone, so putting it back blindly would collide, and keep the host's lock for ever.
SELECT CASE WHEN EXISTS (SELECT 1 FROM procrastinate_jobs o WHERE o.queueing_lock = j.queueing_lock AND o.status = 'todo')
            THEN procrastinate_finish_job_v1(j.id, 'aborted', true)
            ELSE procrastinate_retry_job_v2(j.id, now(), NULL, NULL, NULL) END
  FROM procrastinate_jobs j
 WHERE j.id = %(job)s AND j.status = 'doing'
