"""From a request and a template to a k6 script; the only writer of k6 JavaScript."""
