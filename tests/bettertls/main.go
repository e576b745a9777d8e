// Every case of BetterTLS (https://github.com/Netflix/bettertls) as an upstream of pullscope: a chain
// that a client is to refuse must be answered 502, one that it is to accept 200. See tests/bettertls.sh.
package main

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/Netflix/bettertls/test-suites/certutil"
	"github.com/Netflix/bettertls/test-suites/nameconstraints"
	"github.com/Netflix/bettertls/test-suites/pathbuilding"
	test_case "github.com/Netflix/bettertls/test-suites/test-case"
)

func main() {
	// pullscope ends with the thread that started it.
	runtime.LockOSThread()
	pullscope, work := os.Args[1], os.Args[2]
	root, key, err := certutil.GenerateSelfSignedCert("bettertls_trust_root")
	check(err)
	rootFile := filepath.Join(work, "root.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}
	check(os.WriteFile(rootFile, pem.EncodeToMemory(block), 0o644))

	var current atomic.Value
	port := serve(&current, root, key)
	proxy, ca := record(pullscope, work, rootFile, port)
	client := &http.Client{Transport: &http.Transport{
		Proxy:             http.ProxyURL(proxy),
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: ca},
	}}

	wrong := 0
	for _, suite := range []test_case.TestCaseProvider{
		nameconstraints.NewTestCaseProvider(), pathbuilding.NewTestCaseProvider(),
	} {
		count, err := suite.GetTestCaseCount()
		check(err)
		accepted, refused := 0, 0
		for index := uint(0); index < count; index++ {
			one, err := suite.GetTestCase(index)
			check(err)
			current.Store(&one)
			response, err := client.Get(fmt.Sprintf("https://%s:%d/", one.GetHostname(), port))
			check(err)
			body, err := io.ReadAll(response.Body)
			check(err)
			response.Body.Close()
			switch response.StatusCode {
			case http.StatusOK:
				accepted++
			case http.StatusBadGateway:
				if !strings.Contains(string(body), "certificate") {
					log.Fatalf("%s %d: %s", suite.Name(), index, body)
				}
				refused++
			default:
				log.Fatalf("%s %d: %s", suite.Name(), index, response.Status)
			}
			expected := one.ExpectedResult()
			ok := response.StatusCode == http.StatusOK
			if expected == test_case.EXPECTED_RESULT_PASS && !ok || expected == test_case.EXPECTED_RESULT_FAIL && ok {
				wrong++
				fmt.Printf("%s %d: %s, expected %s\n", suite.Name(), index, response.Status, expected)
			}
		}
		fmt.Printf("%s: %d cases, %d accepted, %d refused\n", suite.Name(), count, accepted, refused)
	}
	if wrong > 0 {
		log.Fatalf("%d verdicts are wrong", wrong)
	}
}

// serve answers with the chain of the current case, and returns its port.
func serve(current *atomic.Value, root *x509.Certificate, key crypto.Signer) int {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return (*current.Load().(*test_case.TestCase)).GetCertificates(root, key)
		},
	})
	check(err)
	quiet := &http.Server{
		ErrorLog: log.New(io.Discard, "", 0),
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }),
	}
	go quiet.Serve(listener)
	return listener.Addr().(*net.TCPAddr).Port
}

// record starts a pullscope that ends with this program, and returns its URL and its CA.
func record(pullscope, work, rootFile string, port int) (*url.URL, *x509.CertPool) {
	command := exec.Command(pullscope, "record", "--listen", "127.0.0.1:0", "--json",
		"--session", filepath.Join(work, "session"), "--upstream-ca", rootFile, "--upstream-proxy", "none",
		"--connect-to", fmt.Sprintf("*:%d:127.0.0.1:%d", port, port))
	command.Env = append(os.Environ(), "HOME="+work, "XDG_DATA_HOME=", "XDG_STATE_HOME=", "XDG_CONFIG_HOME=")
	out, err := command.StdoutPipe()
	check(err)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(command.Start())
	lines := bufio.NewReader(out)
	first, err := lines.ReadBytes('\n')
	check(err)
	go io.Copy(io.Discard, lines)
	var listening struct{ Address, CA string }
	check(json.Unmarshal(first, &listening))
	parsed, err := url.Parse("http://" + listening.Address)
	check(err)
	text, err := os.ReadFile(listening.CA)
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return parsed, pool
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
