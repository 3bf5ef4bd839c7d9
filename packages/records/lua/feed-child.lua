-- Makes a line of a file's batch a job, once in the life of the batch: only the line that is next, so a batch fed twice,
-- or by two at a time, runs nothing twice. Its ticket is placed by `part`. A batch takes no more than half of what its
-- tenant may have: the other half is for whoever asks for something now.
-- KEYS: 1 child, 2 live jobs, 3 the batch's index of children, 4 the batch's own job, 5 loads
-- ARGV: 1 job id of the child, 2 next check (epoch ms), 3 index of the line, 4 tenant, 5 place in the file behind the line,
--       6 most jobs of a tenant that has no cap of its own (empty: any number), 7 how many shards share it,
--       8… field and value pairs of the record, the input first
-- Replies: 'fed' | 'known' | 'gap' (another line is next) | 'over' (nothing more is fed) | 'full' (later)

local found = redis.call('HMGET', KEYS[4], 'state', 'phase', 'fed')
if found[1] ~= 'in_progress' or found[2] ~= 'in_progress' then
  return 'over'
end
local index, fed = tonumber(ARGV[3]), tonumber(found[3])
if index ~= fed then
  return index < fed and 'known' or 'gap'
end
local has, may = readLoad(KEYS[5], ARGV[4], 'jobs', 'maxJobs', ARGV[6], ARGV[7])
if may and has >= math.max(2, may / 2) then
  return 'full'
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'rank', part() or 0, unpack(ARGV, 8))
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], index, ARGV[1])
redis.call('HSET', KEYS[4], 'fed', index + 1, 'cursor', ARGV[5])
addLoad(KEYS[5], ARGV[4], 'jobs', 1)
addLoad(KEYS[5], ARGV[4], 'bytes', #ARGV[9])
return 'fed'
