//! Tests of both forms.
