// Records: partitions, compression, headers, sizes, idempotence.
'use strict'

const { CompressionTypes } = require('kafkajs')
const { randomBytes } = require('crypto')
const { check } = require('../client')

const NAMES = ['Ada', 'Barbara', 'Grace', 'Hedy', 'Katherine', 'Mary', 'Nancy', 'Olga', 'Radia', 'Sophie', 'Yvonne', 'Zelda']
const partitionOf = name => (name[0].toUpperCase() <= 'M' ? 0 : 1)

async function namesPartitioned(world) {
  const topic = await world.createTopic(world.options.topic ?? world.name('users'), 2)
  const producer = await world.producer()
  for (const name of NAMES) {
    await producer.send({ topic, messages: [{ key: name, value: JSON.stringify({ name }), partition: partitionOf(name) }] })
  }
  const messages = await world.readAll(topic, messages => messages.length >= NAMES.length)
  for (const partition of [0, 1]) {
    const read = messages.filter(message => message.partition === partition).map(message => message.key.toString())
    const sent = NAMES.filter(name => partitionOf(name) === partition)
    check(read.join() === sent.join(), `partition ${partition}: sent ${sent}, read ${read}`)
  }
  return `${messages.length} names`
}

function compression(type) {
  return async world => {
    const topic = await world.createTopic(world.name('compression'), 1)
    const producer = await world.producer()
    const timestamp = Date.now() - 1000
    const sent = Array.from({ length: 200 }, (_, n) => ({
      key: `key-${n}`, value: `value ${n} `.repeat(20), timestamp: String(timestamp + n), partition: 0,
    }))
    await producer.send({ topic, messages: sent.slice(0, 100), compression: type })
    await producer.send({ topic, messages: sent.slice(100), compression: type })
    const read = await world.readAll(topic, messages => messages.length >= sent.length)
    check(read.length === sent.length, `${read.length} of ${sent.length}`)
    read.forEach((message, n) => {
      check(message.key.toString() === sent[n].key && message.value.toString() === sent[n].value, `record ${n} differs`)
      check(message.timestamp === sent[n].timestamp && message.offset === String(n), `record ${n}: ${message.timestamp} at ${message.offset}`)
    })
  }
}

async function headers(world) {
  const topic = await world.createTopic(world.name('headers'), 1)
  const producer = await world.producer()
  await producer.send({ topic, messages: [
    { key: 'k', value: 'v', headers: { a: ['1', '2', '1'], b: 'x', c: Buffer.alloc(0) } },
    { key: null, value: 'no key' },
    { key: 'tombstone', value: null },
  ].map(message => ({ ...message, partition: 0 })) })
  const [first, second, third] = await world.readAll(topic, messages => messages.length >= 3)
  const shown = first.headers.a.map(String).join()
  check(shown === '1,2,1', `header a is ${shown}`)
  check(String(first.headers.b) === 'x' && first.headers.c?.length === 0, `headers are ${Object.keys(first.headers)}`)
  check(second.key === null && String(second.value) === 'no key', 'the null key has changed')
  check(third.value === null && String(third.key) === 'tombstone', 'the tombstone has changed')
  return 'kafkajs groups headers of one name, and has no null for their values'
}

async function largeMessages(world) {
  const topic = await world.createTopic(world.name('large'), 1, [{ name: 'max.message.bytes', value: String(2 << 20) }])
  const producer = await world.producer()
  const sent = Array.from({ length: 8 }, () => randomBytes(1 << 20))
  for (const [n, value] of sent.entries()) {
    if (n === 4) {
      const refused = await producer.send({ topic, messages: [{ value: randomBytes(3 << 20), partition: 0 }] }).then(() => null, error => error)
      check(refused?.type === 'MESSAGE_TOO_LARGE', `3 MiB: ${refused?.type ?? refused?.message ?? 'accepted'}`)
    }
    await producer.send({ topic, messages: [{ value, partition: 0 }] })
  }
  const read = await world.readAll(topic, messages => messages.length >= sent.length)
  check(read.length === sent.length && read.every((message, n) => message.value.equals(sent[n])), 'the bytes differ')
}

async function idempotence(world) {
  const topic = await world.createTopic(world.name('idempotence'), 3)
  const producer = await world.producer({ idempotent: true, maxInFlightRequests: 1 })
  const sent = Array.from({ length: 5000 }, (_, n) => ({ value: String(n), partition: n % 3 }))
  const expected = [0n, 0n, 0n]
  for (let at = 0; at < sent.length; at += 250) {
    for (const told of await producer.send({ topic, acks: -1, messages: sent.slice(at, at + 250) })) {
      check(BigInt(told.baseOffset) === expected[told.partition], `told ${told.baseOffset}, expected ${expected[told.partition]}`)
    }
    for (const { partition } of sent.slice(at, at + 250)) expected[partition]++
  }
  const read = await world.readAll(topic, messages => messages.length >= sent.length)
  check(read.length === sent.length, `${read.length} of ${sent.length}`)
  for (const partition of [0, 1, 2]) {
    const values = read.filter(message => message.partition === partition).map(message => Number(message.value))
    check(values.every((value, n) => value === 3 * n + partition), `partition ${partition} is out of order`)
  }
  return 'kafkajs allows one request in flight'
}

module.exports = {
  'names-partitioned': namesPartitioned,
  'compression-none': compression(CompressionTypes.None),
  'compression-gzip': compression(CompressionTypes.GZIP),
  'compression-snappy': compression(CompressionTypes.Snappy),
  'compression-lz4': compression(CompressionTypes.LZ4),
  'compression-zstd': compression(CompressionTypes.ZSTD),
  headers,
  'large-messages': largeMessages,
  idempotence,
}
