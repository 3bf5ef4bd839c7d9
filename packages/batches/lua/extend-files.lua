-- Appends a part to each of up to two files that a batch writes, and makes those that are not there. Runs as a part of the
-- script that takes the results out of the batch: both happen or neither. A file that its owner has deleted stays deleted.
-- KEYS: 1 the tenant's files, 2 ends, 3 bytes of tenants, then for each file: the file, its parts
-- ARGV: 1 tenant, 2 now (epoch ms), 3 when a file goes that is made now (epoch ms), then for each file: its id, its new
--       parts as `<name> <bytes>,…` (empty: none), bytes of all of them, file name, '1' where the batch knows that it was made
-- Returns nothing

for i = 0, 1 do
  local file, parts, a = KEYS[4 + 2 * i], KEYS[5 + 2 * i], 4 + 5 * i
  local id, added, bytes = ARGV[a], ARGV[a + 1], ARGV[a + 2]
  local exists = added ~= '' and redis.call('EXISTS', file) == 1
  if added ~= '' and not exists and ARGV[a + 4] ~= '1' then
    redis.call('HSET', file, 'tenant', ARGV[1], 'state', 'processed', 'filename', ARGV[a + 3], 'purpose', 'batch_output',
      'createdAt', ARGV[2], 'expiresAt', ARGV[3], 'bytes', 0)
    redis.call('ZADD', KEYS[1], 0, id)
    redis.call('ZADD', KEYS[2], ARGV[3], id .. ' ' .. ARGV[1])
    exists = true
  end
  if exists then
    for part in string.gmatch(added, '[^,]+') do
      redis.call('RPUSH', parts, part)
    end
    redis.call('HINCRBY', file, 'bytes', bytes)
    redis.call('HINCRBY', KEYS[3], ARGV[1], bytes)
  end
end
