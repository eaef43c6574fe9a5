package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// produce sends all records and returns when all are acknowledged: acks=all and idempotent, franz-go's defaults.
func (t *trial) produce(ctx context.Context) error {
	client, err := t.client(t.producing()...)
	if err != nil {
		return err
	}
	defer client.Close()
	var once sync.Once
	var failed error
	values := payloads(t.size)
	for at := range t.records {
		if err := t.ballast.keepUp(int64(at) * int64(t.size)); err != nil {
			return err
		}
		record := &kgo.Record{Value: values[at%distinct], Key: t.key(at)}
		if t.to >= 0 {
			record.Partition = int32(t.to)
		}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) {
			if err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	return errors.Join(client.Flush(ctx), failed)
}

func (t *trial) producing() []kgo.Opt {
	codec := kgo.NoCompression()
	if t.codec == "lz4" {
		codec = kgo.Lz4Compression()
	}
	opts := []kgo.Opt{kgo.DefaultProduceTopic(t.topic), kgo.ProducerBatchCompression(codec)}
	if t.to >= 0 {
		opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	return opts
}

func (t *trial) key(at int) []byte {
	if t.keys == "" {
		return nil
	}
	return fmt.Appendf(nil, "%s%06d", t.keys, at%distinct)
}

// consume reads the topic from its start until every record was there, once, in the order of its partition.
func (t *trial) consume(ctx context.Context) error {
	client, err := t.client(kgo.ConsumeTopics(t.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	last := make([]int64, t.partitions)
	for at := range last {
		last[at] = -1
	}
	for seen := 0; seen < t.records; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for records := fetches.RecordIter(); !records.Done(); seen++ {
			record := records.Next()
			if len(record.Value) != t.size {
				return fmt.Errorf("a value of %d bytes at offset %d", len(record.Value), record.Offset)
			}
			if record.Offset <= last[record.Partition] {
				return fmt.Errorf("offset %d after %d", record.Offset, last[record.Partition])
			}
			last[record.Partition] = record.Offset
		}
		if seen > t.records {
			return fmt.Errorf("%d records were sent and more came", t.records)
		}
	}
	return nil
}
