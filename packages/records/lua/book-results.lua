-- Results of a file's batch are in its files: the ended children that they are of go, or lines that became no job are
-- written off. `part` appends the results to the files. All of it happens once: what was counted before must still be so.
-- KEYS: 1 the batch's job, 2 timeline, 3 its index of children, 4 its ended children that are in no file,
--       5… what is left of the children: records, timelines, deltas
-- ARGV: 1 drained, as it was read, 2 fed, as it was read, 3 how many of the ended children, the oldest first, 4 how many lines
--       are written off, 5 place in the file behind these, 6 event (JSON, or empty), 7 channel, 8 sums (JSON), 9… ids of the children
-- Replies: 1 booked, 0 somebody else has been here

local found = redis.call('HMGET', KEYS[1], 'state', 'drained', 'fed')
local taken, lost = tonumber(ARGV[3]), tonumber(ARGV[4])
if found[1] ~= 'in_progress' or found[2] ~= ARGV[1] or (lost > 0 and found[3] ~= ARGV[2]) then
  return 0
end
if taken > 0 then
  redis.call('LTRIM', KEYS[4], taken, -1)
  redis.call('ZREM', KEYS[3], unpack(ARGV, 9))
  redis.call('DEL', unpack(KEYS, 5))
end
if lost > 0 then
  redis.call('HINCRBY', KEYS[1], 'fed', lost)
  redis.call('HINCRBY', KEYS[1], 'ended', lost)
  redis.call('HINCRBY', KEYS[1], 'failed', lost)
  redis.call('HSET', KEYS[1], 'cursor', ARGV[5])
end
redis.call('HINCRBY', KEYS[1], 'drained', taken + lost)
redis.call('HSET', KEYS[1], 'sums', ARGV[8])
part()
if ARGV[6] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[6])
  redis.call('PUBLISH', ARGV[7], '')
end
return 1
