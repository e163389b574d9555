package capture

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds how much memory a zstd stream can ask for. It is what
// the zstd command accepts without being told.
const maxZstdWindow = 128 << 20

// decompressors holds what is unpacked on the way, by the name that identify
// gives it.
var decompressors = map[string]func(io.Reader) (io.ReadCloser, error){
	"gzip": openGzip,
	"zstd": openZstd,
}

// openGzip reads all members of a gzip stream as one.
func openGzip(r io.Reader) (io.ReadCloser, error) {
	return gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
}

// openZstd decodes in the caller's goroutine: with a concurrency of one the
// decoder starts none of its own.
func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}
