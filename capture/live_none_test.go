//go:build !cgo || nopcap

package capture

import (
	"errors"
	"testing"
)

func TestWithoutLibpcap(t *testing.T) {
	if _, err := OpenLive(t.Context(), LiveOptions{Interfaces: []string{"lo"}}); !errors.Is(err, ErrNoLive) {
		t.Error(err)
	}
	if _, err := Interfaces(); !errors.Is(err, ErrNoLive) {
		t.Error(err)
	}
	if _, err := NewFilter("tcp"); !errors.Is(err, ErrNoFilter) {
		t.Error(err)
	}
}
