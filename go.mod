module github.com/tcpflow-states/tcpflow-states

go 1.26
