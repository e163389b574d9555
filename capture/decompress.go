package capture

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/therootcompany/xz"
)

// maxZstdWindow bounds how much memory a zstd stream can ask for. It is what
// the zstd command accepts without being told.
const maxZstdWindow = 128 << 20

// maxXzDictionary bounds how much memory an xz stream can ask for: what its
// strongest setting, xz -9, does. (The better known github.com/ulikunitz/xz takes
// any size up to 4 GiB that a header names.)
const maxXzDictionary = 64 << 20

// decompressors holds what is unpacked on the way, by the name that identify
// gives it.
var decompressors = map[string]func(io.Reader) (io.ReadCloser, error){
	"gzip":  openGzip,
	"zstd":  openZstd,
	"bzip2": openBzip2,
	"lz4":   openLz4,
	"xz":    openXz,
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

// openBzip2 reads all streams of a bzip2 file as one.
func openBzip2(r io.Reader) (io.ReadCloser, error) {
	return io.NopCloser(bzip2.NewReader(bufio.NewReaderSize(r, 64<<10))), nil
}

// openLz4 reads all frames of an lz4 file as one, in the caller's goroutine.
func openLz4(r io.Reader) (io.ReadCloser, error) {
	return io.NopCloser(lz4.NewReader(r)), nil
}

// openXz reads all streams of an xz file as one.
func openXz(r io.Reader) (io.ReadCloser, error) {
	z, err := xz.NewReader(r, maxXzDictionary)
	if err != nil {
		return nil, xzError(err)
	}
	return io.NopCloser(xzReader{z}), nil
}

// xzReader names an end in the middle of the stream as io does.
type xzReader struct{ r *xz.Reader }

func (z xzReader) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	return n, xzError(err)
}

func xzError(err error) error {
	if errors.Is(err, xz.ErrBuf) { // it wants more, and there is no more
		return io.ErrUnexpectedEOF
	}
	return err
}
