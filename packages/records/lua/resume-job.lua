-- A person has answered: paused -> queued, with the answer for the worker that goes on.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 answer (JSON), 2 event (JSON), 3 now (epoch ms), 4 channel
-- Replies: the state the job was in: 'paused' if it is queued now, any other was left as it is; empty: there is none

local found = redis.call('HMGET', KEYS[1], 'state', 'times')
if found[1] == 'paused' then
  redis.call('HSET', KEYS[1], 'state', 'queued', 'answer', ARGV[1],
    'times', (spendTime(found[2], ARGV[3], 'queued')))
  redis.call('RPUSH', KEYS[2], ARGV[2])
  redis.call('PUBLISH', ARGV[4], '')
end
return found[1] or ''
