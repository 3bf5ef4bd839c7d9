-- Creates the record of a batch's child and runs `part`, which places its ticket, once in the life of the batch: a child that is known, ended or erased is left
-- as it is, so that a batch fed twice runs and counts nothing twice. A batch that is gone or has ended gets no children.
-- KEYS: 1 child, 2 live jobs, 3 the batch's index of children, 4 the batch's own job
-- ARGV: 1 job id of the child, 2 next check (epoch ms), 3 index in the batch, 4… field and value pairs of the record
-- Replies: 1 created, 0 not

local state = redis.call('HGET', KEYS[4], 'state')
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return 0
end
if redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'rank', part() or 0, unpack(ARGV, 4))
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
