package record

import (
	"reflect"
	"testing"
)

// TestCloneSharesNothing fills every slice of a connection, however deep, and
// looks for one that the clone shares with it: whoever adds a field has to
// clone it too.
func TestCloneSharesNothing(t *testing.T) {
	var c Connection
	fill(reflect.ValueOf(&c).Elem())
	d := c.Clone()
	if !reflect.DeepEqual(&c, d) {
		t.Error("the clone differs")
	}
	compare(t, "Connection", reflect.ValueOf(&c).Elem(), reflect.ValueOf(d).Elem())
}

// fill gives every slice one element.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	}
}

func compare(t *testing.T, path string, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			compare(t, path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
	case reflect.Array:
		for i := range a.Len() {
			compare(t, path+"[]", a.Index(i), b.Index(i))
		}
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
		} else if a.Len() > 0 {
			compare(t, path+"[]", a.Index(0), b.Index(0))
		}
	}
}
