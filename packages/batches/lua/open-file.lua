-- A file is being uploaded: nobody sees it yet, and unless it is kept in time, the sweeper removes what came of it.
-- KEYS: 1 file, 2 ends
-- ARGV: 1 file id, 2 tenant, 3 until when it must be kept (epoch ms)
-- Replies: 1

redis.call('HSET', KEYS[1], 'tenant', ARGV[2], 'state', 'uploading')
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
return 1
