package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Records: partitions, compression, headers, sizes, idempotence.
var recordScenarios = map[string]scenario{
	"names-partitioned":  namesPartitioned,
	"compression-none":   compression(kgo.NoCompression()),
	"compression-gzip":   compression(kgo.GzipCompression()),
	"compression-snappy": compression(kgo.SnappyCompression()),
	"compression-lz4":    compression(kgo.Lz4Compression()),
	"compression-zstd":   compression(kgo.ZstdCompression()),
	"headers":            headers,
	"large-messages":     largeMessages,
	"idempotence":        idempotence,
}

var names = strings.Fields("Ada Barbara Grace Hedy Katherine Mary Nancy Olga Radia Sophie Yvonne Zelda")

func partitionOf(name string) int32 {
	if name[0] <= 'M' {
		return 0
	}
	return 1
}

func namesPartitioned(ctx context.Context, w *world) (string, error) {
	topic := w.topic
	if topic == "" {
		topic = w.name("users")
	}
	if err := w.createTopic(ctx, topic, 2, nil); err != nil {
		return "", err
	}
	producer, err := w.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return "", err
	}
	for _, name := range names {
		record := &kgo.Record{Topic: topic, Partition: partitionOf(name), Key: []byte(name), Value: []byte(`{"name": "` + name + `"}`)}
		if err := w.send(ctx, producer, record); err != nil {
			return "", err
		}
	}
	read, err := w.readAll(ctx, topic, func(read []*kgo.Record) bool { return len(read) >= len(names) })
	if err != nil {
		return "", err
	}
	for partition := range int32(2) {
		var got, sent []string
		for _, record := range read {
			if record.Partition == partition {
				got = append(got, string(record.Key))
			}
		}
		for _, name := range names {
			if partitionOf(name) == partition {
				sent = append(sent, name)
			}
		}
		if !slices.Equal(got, sent) {
			return "", fmt.Errorf("partition %d: sent %v, read %v", partition, sent, got)
		}
	}
	return fmt.Sprintf("%d names", len(read)), nil
}

func compression(codec kgo.CompressionCodec) scenario {
	return func(ctx context.Context, w *world) (string, error) {
		topic := w.name("compression")
		if err := w.createTopic(ctx, topic, 1, nil); err != nil {
			return "", err
		}
		producer, err := w.client(kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(topic))
		if err != nil {
			return "", err
		}
		began := time.UnixMilli(time.Now().UnixMilli() - 1000)
		var sent []*kgo.Record
		for n := range 200 {
			sent = append(sent, &kgo.Record{
				Key:       fmt.Appendf(nil, "key-%d", n),
				Value:     bytes.Repeat(fmt.Appendf(nil, "value %d ", n), 20),
				Timestamp: began.Add(time.Duration(n) * time.Millisecond),
			})
		}
		if err := w.send(ctx, producer, sent...); err != nil {
			return "", err
		}
		read, err := w.readAll(ctx, topic, func(read []*kgo.Record) bool { return len(read) >= len(sent) })
		if err != nil {
			return "", err
		}
		for n, record := range read {
			same := bytes.Equal(record.Key, sent[n].Key) && bytes.Equal(record.Value, sent[n].Value)
			if !same || !record.Timestamp.Equal(sent[n].Timestamp) || record.Offset != int64(n) {
				return "", fmt.Errorf("record %d differs: %v", n, record)
			}
		}
		return "", nil
	}
}

func headers(ctx context.Context, w *world) (string, error) {
	topic := w.name("headers")
	if err := w.createTopic(ctx, topic, 1, nil); err != nil {
		return "", err
	}
	producer, err := w.client(kgo.DefaultProduceTopic(topic))
	if err != nil {
		return "", err
	}
	sent := []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "b"}, {Key: "a", Value: []byte("2")}, {Key: "c", Value: []byte{}}, {Key: "a", Value: []byte("1")}}
	err = w.send(ctx, producer,
		&kgo.Record{Key: []byte("k"), Value: []byte("v"), Headers: sent},
		&kgo.Record{Value: []byte("no key")},
		&kgo.Record{Key: []byte("tombstone")})
	if err != nil {
		return "", err
	}
	read, err := w.readAll(ctx, topic, func(read []*kgo.Record) bool { return len(read) >= 3 })
	if err != nil {
		return "", err
	}
	same := func(a, b kgo.RecordHeader) bool {
		return a.Key == b.Key && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil)
	}
	if !slices.EqualFunc(read[0].Headers, sent, same) {
		return "", fmt.Errorf("headers are %q", read[0].Headers)
	}
	if read[1].Key != nil || string(read[1].Value) != "no key" {
		return "", fmt.Errorf("the null key is %q", read[1].Key)
	}
	if read[2].Value != nil || string(read[2].Key) != "tombstone" {
		return "", fmt.Errorf("the tombstone is %q", read[2].Value)
	}
	return "", nil
}

func largeMessages(ctx context.Context, w *world) (string, error) {
	topic, limit := w.name("large"), fmt.Sprint(2<<20)
	if err := w.createTopic(ctx, topic, 1, map[string]*string{"max.message.bytes": &limit}); err != nil {
		return "", err
	}
	producer, err := w.client(kgo.DefaultProduceTopic(topic), kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return "", err
	}
	var sent [][]byte
	for n := range 8 {
		if n == 4 {
			err := w.send(ctx, producer, &kgo.Record{Value: noise(3 << 20)})
			if !errors.Is(err, kerr.MessageTooLarge) {
				return "", fmt.Errorf("3 MiB: %v", err)
			}
		}
		sent = append(sent, noise(1<<20))
		if err := w.send(ctx, producer, &kgo.Record{Value: sent[n]}); err != nil {
			return "", err
		}
	}
	read, err := w.readAll(ctx, topic, func(read []*kgo.Record) bool { return len(read) >= len(sent) })
	if err != nil {
		return "", err
	}
	if !slices.EqualFunc(read, sent, func(record *kgo.Record, value []byte) bool { return bytes.Equal(record.Value, value) }) {
		return "", errors.New("the bytes differ")
	}
	return "", nil
}

func noise(size int) []byte {
	bytes := make([]byte, size)
	_, _ = rand.Read(bytes)
	return bytes
}

func idempotence(ctx context.Context, w *world) (string, error) {
	topic := w.name("idempotence")
	if err := w.createTopic(ctx, topic, 3, nil); err != nil {
		return "", err
	}
	producer, err := w.client(kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(1<<10))
	if err != nil {
		return "", err
	}
	var sent []*kgo.Record
	for n := range 5000 {
		sent = append(sent, &kgo.Record{Value: fmt.Append(nil, n), Partition: int32(n % 3)})
	}
	if err := w.send(ctx, producer, sent...); err != nil {
		return "", err
	}
	read, err := w.readAll(ctx, topic, func(read []*kgo.Record) bool { return len(read) >= len(sent) })
	if err != nil {
		return "", err
	}
	if len(read) != len(sent) {
		return "", fmt.Errorf("%d of %d", len(read), len(sent))
	}
	next := []int{0, 1, 2}
	for _, record := range read {
		expected := next[record.Partition]
		if string(record.Value) != fmt.Sprint(expected) {
			return "", fmt.Errorf("partition %d: %s instead of %d", record.Partition, record.Value, expected)
		}
		if told := sent[expected].Offset; told != record.Offset {
			return "", fmt.Errorf("told offset %d, read at %d", told, record.Offset)
		}
		next[record.Partition] += 3
	}
	return "", nil
}
