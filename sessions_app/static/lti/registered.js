// Tells the platform's window that it may close this one, as LTI's dynamic registration has it.
(window.opener ?? window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
