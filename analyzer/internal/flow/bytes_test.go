package flow

import (
	"reflect"
	"testing"
	"unsafe"
)

// borrowed are what a Flow points at and does not own.
var borrowed = map[string]bool{
	"Flow.Conn.Judgements": true,
	"Flow.spending.series": true, // Flow.series
}

// TestBytes gives a Flow each thing that it may point at, one after the other: Bytes must
// count it. Who adds one adds it there.
func TestBytes(t *testing.T) {
	tried := 0
	var walk func(path string, field func(f *Flow) reflect.Value)
	walk = func(path string, field func(f *Flow) reflect.Value) {
		var f Flow
		v := field(&f)
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, func(f *Flow) reflect.Value { return settable(field(f).Field(i)) })
			}
		case reflect.Array:
			if v.Len() > 0 {
				walk(path+"[0]", func(f *Flow) reflect.Value { return settable(field(f).Index(0)) })
			}
		case reflect.Pointer, reflect.Slice, reflect.Map:
			if borrowed[path] {
				return
			}
			tried++
			before := f.Bytes()
			if v.Kind() == reflect.Slice {
				v.Set(reflect.MakeSlice(v.Type(), 3, 3))
			} else {
				v.Set(reflect.New(v.Type().Elem()))
			}
			if f.Bytes() <= before {
				t.Errorf("%s is not counted", path)
			}
		}
	}
	walk("Flow", func(f *Flow) reflect.Value { return reflect.ValueOf(f).Elem() })
	if tried < 10 {
		t.Errorf("only %d tried", tried)
	}
}

// settable returns the field so that it can be set, exported or not.
func settable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
