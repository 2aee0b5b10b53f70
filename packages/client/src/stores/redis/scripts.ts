// Each script uses the keys of one slot, so that it also runs in a cluster.

export const readScript = `
local record = redis.call('HMGET', KEYS[1], 'generation', 'sealed', 'writtenAt')
if not record[1] then return {} end
local now = redis.call('TIME')
local age = (now[1] * 1000000 + now[2]) - tonumber(record[3] or 0)
return { record[1], record[2] or '', string.format('%.0f', age) }`

export const writeScript = `
local generation = redis.call('HGET', KEYS[1], 'generation') or '0'
if generation ~= ARGV[1] then return 0 end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'sealed', ARGV[3],
  'writtenAt', string.format('%.0f', now[1] * 1000000 + now[2]))
redis.call('SADD', KEYS[2], ARGV[4])
return 1`

export const removeScript = `
local generation = redis.call('HGET', KEYS[1], 'generation') or '0'
if generation ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[2])
return 1`

/** Moves a record only if its field ARGV[2] is still ARGV[3]: another process may have written since. */
export const setAsideScript = `
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[3])
redis.call('SREM', KEYS[2], ARGV[1])
return 1`

export const listScript = `return redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', 500)`
