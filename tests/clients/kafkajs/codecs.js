// kafkajs has gzip built in, and takes the other codecs from whoever brings them: here, in plain JavaScript and wasm.
'use strict'

const { CompressionTypes, CompressionCodecs } = require('kafkajs')
const lz4 = require('lz4js')
const xxh32 = require('lz4js/xxh32')
const snappy = require('snappyjs')
const zstd = require('@bokuweb/zstd-wasm')

// Xerial's framing, which Java's clients read and write: a header, then blocks behind their lengths.
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  async compress(encoder) {
    const block = Buffer.from(snappy.compress(encoder.buffer))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    return Buffer.concat([XERIAL, length, block])
  },
  async decompress(buffer) {
    if (!buffer.subarray(0, 8).equals(XERIAL.subarray(0, 8))) return Buffer.from(snappy.uncompress(buffer))
    const blocks = []
    for (let at = XERIAL.length; at < buffer.length; ) {
      const length = buffer.readUInt32BE(at)
      blocks.push(Buffer.from(snappy.uncompress(buffer.subarray(at + 4, at + 4 + length))))
      at += 4 + length
    }
    return Buffer.concat(blocks)
  },
})

CompressionCodecs[CompressionTypes.LZ4] = () => ({
  async compress(encoder) {
    const frame = Buffer.from(lz4.compress(encoder.buffer))
    // lz4js writes blocks of 4 MiB and calls them dependent, which Kafka refuses; a single one depends on nothing.
    if (encoder.buffer.length > 4 << 20) throw new Error('more than one block of lz4')
    frame[4] |= 0x20
    frame[6] = xxh32.hash(0, frame, 4, 2) >> 8
    return frame
  },
  async decompress(buffer) { return Buffer.from(lz4.decompress(buffer)) },
})

const ready = zstd.init()
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  async compress(encoder) { await ready; return Buffer.from(zstd.compress(encoder.buffer, 3)) },
  async decompress(buffer) { await ready; return Buffer.from(zstd.decompress(buffer)) },
})
