-- Jobs whose worker is gone, or was silent for longer than its lease; rows that somebody has in hand are left to the next look.
SELECT j.id
  FROM procrastinate_jobs j
  LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
 WHERE j.status = 'doing'
   AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %(lease_s)s))
 ORDER BY j.id
   FOR UPDATE OF j SKIP LOCKED
