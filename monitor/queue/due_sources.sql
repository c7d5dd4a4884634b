-- Sources with something due that no open job is about: a poll, or an entry of theirs that waits for its fetch.
-- poll: what makes it conditional, where it is the poll that is due; so that whoever has the job need not ask again.
SELECT s.source_id, s.url,
       CASE WHEN s.retired_at IS NULL AND s.next_at <= now() THEN
            jsonb_build_object('etag', s.etag, 'last_modified', s.last_modified, 'body_hash', s.body_hash, 'unconditional_at', s.unconditional_at)
       END AS poll
  FROM sources s
  JOIN outlets o ON o.outlet_id = s.outlet_id
 WHERE o.retired_at IS NULL
   AND ((s.retired_at IS NULL AND s.next_at <= now())
        OR EXISTS (SELECT 1 FROM entries e
                    WHERE e.outlet_id = s.outlet_id AND e.source_id = s.source_id AND e.next_at <= now()))
   AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j
                    WHERE j.queueing_lock = 'crawl ' || s.source_id AND j.status IN ('todo', 'doing'))
 ORDER BY s.next_at, s.source_id
 LIMIT %(most)s
