-- Creates the record of a batch's child and runs `part`, which places its ticket, once in the life of the batch: a child
-- that is known, ended or erased is left as it is, so that a batch fed twice runs and counts nothing twice. A batch that is
-- gone or has ended gets no children. No cap refuses a child: the batch was counted with all of them when it was accepted.
-- KEYS: 1 child, 2 live jobs, 3 the batch's index of children, 4 the batch's own job, 5 loads
-- ARGV: 1 job id of the child, 2 next check (epoch ms), 3 index in the batch, 4 tenant, 5… field and value pairs of the
--       record, the input first
-- Replies: 1 created, 0 not

local state = redis.call('HGET', KEYS[4], 'state')
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return 0
end
if redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'rank', part() or 0, unpack(ARGV, 5))
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
addLoad(KEYS[5], ARGV[4], 'bytes', #ARGV[6])
return 1
