-- Channels with a message due that no open job is about.
SELECT DISTINCT d.channel
  FROM deliveries d
 WHERE d.status IN ('pending', 'held', 'retry')
   AND d.next_at <= now()
   AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j
                    WHERE j.queueing_lock = 'deliver ' || d.channel AND j.status IN ('todo', 'doing'))
