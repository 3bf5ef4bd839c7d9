-- Puts another wrapping of a data key in the place of the one that was read.
-- KEYS: 1 the tenant's data keys
-- ARGV: 1 id of the data key, 2 wrapping as it was read, 3 the new one
-- Replies: 1 done, 0 it is gone or was wrapped anew by somebody else

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
