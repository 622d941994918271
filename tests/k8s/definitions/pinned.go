// Package definitions pins the types of the Prometheus operator and the generator of definitions.
package definitions

import _ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
