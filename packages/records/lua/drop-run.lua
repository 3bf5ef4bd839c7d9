-- A worker lost a run by a defect: the job stays in progress, and whoever takes its ticket next counts an interruption.
-- KEYS: 1 job
-- ARGV: 1 the run
-- Replies: 1 dropped, 0 the job is another run's or gone

if redis.call('HGET', KEYS[1], 'run') ~= ARGV[1] then
  return 0
end
return redis.call('HDEL', KEYS[1], 'run')
