-- Hosts that a dead node was asking: it is silent and the server sees no session of it, so its requests ended with it. A frozen node
-- has its sessions still, and keeps its hosts until no request of it can be open; after a restart of the server nobody has a session yet.
UPDATE hosts h SET busy_until = NULL, busy_by = NULL
  FROM nodes n
 WHERE n.node_id = h.busy_by
   AND n.beat_at < now() - make_interval(secs => n.lease_s)
   AND pg_postmaster_start_time() < now() - make_interval(secs => n.lease_s)
   AND NOT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
                      AND (l.classid::bigint << 32) + l.objid::bigint  -- the lock that no two nodes of one name can have
                        = ('x' || encode(substr(sha256(convert_to('node ' || n.node_id, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint)
RETURNING h.host
