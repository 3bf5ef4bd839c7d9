-- An uploaded file is whole: it appears, with all of its parts. One that was given up meanwhile does not.
-- KEYS: 1 file, 2 its parts, 3 the tenant's files, 4 ends, 5 bytes of tenants
-- ARGV: 1 file id, 2 tenant, 3 when it goes (epoch ms; empty: never), 4 its bytes, 5 most bytes of the tenant in this shard
--       (empty: any number), 6 how many fields and values follow, then these, then the parts
-- Replies: {'kept'} | {'gone'} | {'full', bytes that there are}

if redis.call('HGET', KEYS[1], 'state') ~= 'uploading' then
  return { 'gone' }
end
local has = tonumber(redis.call('HGET', KEYS[5], ARGV[2]) or 0)
if ARGV[5] ~= '' and has + tonumber(ARGV[4]) > tonumber(ARGV[5]) then
  return { 'full', has }
end
local firstPart = 7 + tonumber(ARGV[6])
redis.call('HSET', KEYS[1], 'state', 'processed', 'bytes', ARGV[4], unpack(ARGV, 7, firstPart - 1))
for i = firstPart, #ARGV do
  redis.call('RPUSH', KEYS[2], ARGV[i])
end
redis.call('ZADD', KEYS[3], 0, ARGV[1])
redis.call('HINCRBY', KEYS[5], ARGV[2], ARGV[4])
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[4], ARGV[1] .. ' ' .. ARGV[2])
else
  redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
end
return { 'kept' }
