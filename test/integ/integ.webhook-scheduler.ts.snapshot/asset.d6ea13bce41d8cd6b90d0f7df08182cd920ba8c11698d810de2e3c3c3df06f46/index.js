"use strict";
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __commonJS = (cb, mod) => function __require() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// node_modules/@stablelib/base64/lib/base64.js
var require_base64 = __commonJS({
  "node_modules/@stablelib/base64/lib/base64.js"(exports2) {
    "use strict";
    var __extends = exports2 && exports2.__extends || /* @__PURE__ */ (function() {
      var extendStatics = function(d, b) {
        extendStatics = Object.setPrototypeOf || { __proto__: [] } instanceof Array && function(d2, b2) {
          d2.__proto__ = b2;
        } || function(d2, b2) {
          for (var p in b2) if (b2.hasOwnProperty(p)) d2[p] = b2[p];
        };
        return extendStatics(d, b);
      };
      return function(d, b) {
        extendStatics(d, b);
        function __() {
          this.constructor = d;
        }
        d.prototype = b === null ? Object.create(b) : (__.prototype = b.prototype, new __());
      };
    })();
    Object.defineProperty(exports2, "__esModule", { value: true });
    var INVALID_BYTE = 256;
    var Coder = (
      /** @class */
      (function() {
        function Coder2(_paddingCharacter) {
          if (_paddingCharacter === void 0) {
            _paddingCharacter = "=";
          }
          this._paddingCharacter = _paddingCharacter;
        }
        Coder2.prototype.encodedLength = function(length) {
          if (!this._paddingCharacter) {
            return (length * 8 + 5) / 6 | 0;
          }
          return (length + 2) / 3 * 4 | 0;
        };
        Coder2.prototype.encode = function(data) {
          var out = "";
          var i = 0;
          for (; i < data.length - 2; i += 3) {
            var c = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
            out += this._encodeByte(c >>> 3 * 6 & 63);
            out += this._encodeByte(c >>> 2 * 6 & 63);
            out += this._encodeByte(c >>> 1 * 6 & 63);
            out += this._encodeByte(c >>> 0 * 6 & 63);
          }
          var left = data.length - i;
          if (left > 0) {
            var c = data[i] << 16 | (left === 2 ? data[i + 1] << 8 : 0);
            out += this._encodeByte(c >>> 3 * 6 & 63);
            out += this._encodeByte(c >>> 2 * 6 & 63);
            if (left === 2) {
              out += this._encodeByte(c >>> 1 * 6 & 63);
            } else {
              out += this._paddingCharacter || "";
            }
            out += this._paddingCharacter || "";
          }
          return out;
        };
        Coder2.prototype.maxDecodedLength = function(length) {
          if (!this._paddingCharacter) {
            return (length * 6 + 7) / 8 | 0;
          }
          return length / 4 * 3 | 0;
        };
        Coder2.prototype.decodedLength = function(s) {
          return this.maxDecodedLength(s.length - this._getPaddingLength(s));
        };
        Coder2.prototype.decode = function(s) {
          if (s.length === 0) {
            return new Uint8Array(0);
          }
          var paddingLength = this._getPaddingLength(s);
          var length = s.length - paddingLength;
          var out = new Uint8Array(this.maxDecodedLength(length));
          var op = 0;
          var i = 0;
          var haveBad = 0;
          var v0 = 0, v1 = 0, v2 = 0, v3 = 0;
          for (; i < length - 4; i += 4) {
            v0 = this._decodeChar(s.charCodeAt(i + 0));
            v1 = this._decodeChar(s.charCodeAt(i + 1));
            v2 = this._decodeChar(s.charCodeAt(i + 2));
            v3 = this._decodeChar(s.charCodeAt(i + 3));
            out[op++] = v0 << 2 | v1 >>> 4;
            out[op++] = v1 << 4 | v2 >>> 2;
            out[op++] = v2 << 6 | v3;
            haveBad |= v0 & INVALID_BYTE;
            haveBad |= v1 & INVALID_BYTE;
            haveBad |= v2 & INVALID_BYTE;
            haveBad |= v3 & INVALID_BYTE;
          }
          if (i < length - 1) {
            v0 = this._decodeChar(s.charCodeAt(i));
            v1 = this._decodeChar(s.charCodeAt(i + 1));
            out[op++] = v0 << 2 | v1 >>> 4;
            haveBad |= v0 & INVALID_BYTE;
            haveBad |= v1 & INVALID_BYTE;
          }
          if (i < length - 2) {
            v2 = this._decodeChar(s.charCodeAt(i + 2));
            out[op++] = v1 << 4 | v2 >>> 2;
            haveBad |= v2 & INVALID_BYTE;
          }
          if (i < length - 3) {
            v3 = this._decodeChar(s.charCodeAt(i + 3));
            out[op++] = v2 << 6 | v3;
            haveBad |= v3 & INVALID_BYTE;
          }
          if (haveBad !== 0) {
            throw new Error("Base64Coder: incorrect characters for decoding");
          }
          return out;
        };
        Coder2.prototype._encodeByte = function(b) {
          var result = b;
          result += 65;
          result += 25 - b >>> 8 & 0 - 65 - 26 + 97;
          result += 51 - b >>> 8 & 26 - 97 - 52 + 48;
          result += 61 - b >>> 8 & 52 - 48 - 62 + 43;
          result += 62 - b >>> 8 & 62 - 43 - 63 + 47;
          return String.fromCharCode(result);
        };
        Coder2.prototype._decodeChar = function(c) {
          var result = INVALID_BYTE;
          result += (42 - c & c - 44) >>> 8 & -INVALID_BYTE + c - 43 + 62;
          result += (46 - c & c - 48) >>> 8 & -INVALID_BYTE + c - 47 + 63;
          result += (47 - c & c - 58) >>> 8 & -INVALID_BYTE + c - 48 + 52;
          result += (64 - c & c - 91) >>> 8 & -INVALID_BYTE + c - 65 + 0;
          result += (96 - c & c - 123) >>> 8 & -INVALID_BYTE + c - 97 + 26;
          return result;
        };
        Coder2.prototype._getPaddingLength = function(s) {
          var paddingLength = 0;
          if (this._paddingCharacter) {
            for (var i = s.length - 1; i >= 0; i--) {
              if (s[i] !== this._paddingCharacter) {
                break;
              }
              paddingLength++;
            }
            if (s.length < 4 || paddingLength > 2) {
              throw new Error("Base64Coder: incorrect padding");
            }
          }
          return paddingLength;
        };
        return Coder2;
      })()
    );
    exports2.Coder = Coder;
    var stdCoder = new Coder();
    function encode(data) {
      return stdCoder.encode(data);
    }
    exports2.encode = encode;
    function decode(s) {
      return stdCoder.decode(s);
    }
    exports2.decode = decode;
    var URLSafeCoder = (
      /** @class */
      (function(_super) {
        __extends(URLSafeCoder2, _super);
        function URLSafeCoder2() {
          return _super !== null && _super.apply(this, arguments) || this;
        }
        URLSafeCoder2.prototype._encodeByte = function(b) {
          var result = b;
          result += 65;
          result += 25 - b >>> 8 & 0 - 65 - 26 + 97;
          result += 51 - b >>> 8 & 26 - 97 - 52 + 48;
          result += 61 - b >>> 8 & 52 - 48 - 62 + 45;
          result += 62 - b >>> 8 & 62 - 45 - 63 + 95;
          return String.fromCharCode(result);
        };
        URLSafeCoder2.prototype._decodeChar = function(c) {
          var result = INVALID_BYTE;
          result += (44 - c & c - 46) >>> 8 & -INVALID_BYTE + c - 45 + 62;
          result += (94 - c & c - 96) >>> 8 & -INVALID_BYTE + c - 95 + 63;
          result += (47 - c & c - 58) >>> 8 & -INVALID_BYTE + c - 48 + 52;
          result += (64 - c & c - 91) >>> 8 & -INVALID_BYTE + c - 65 + 0;
          result += (96 - c & c - 123) >>> 8 & -INVALID_BYTE + c - 97 + 26;
          return result;
        };
        return URLSafeCoder2;
      })(Coder)
    );
    exports2.URLSafeCoder = URLSafeCoder;
    var urlSafeCoder = new URLSafeCoder();
    function encodeURLSafe(data) {
      return urlSafeCoder.encode(data);
    }
    exports2.encodeURLSafe = encodeURLSafe;
    function decodeURLSafe(s) {
      return urlSafeCoder.decode(s);
    }
    exports2.decodeURLSafe = decodeURLSafe;
    exports2.encodedLength = function(length) {
      return stdCoder.encodedLength(length);
    };
    exports2.maxDecodedLength = function(length) {
      return stdCoder.maxDecodedLength(length);
    };
    exports2.decodedLength = function(s) {
      return stdCoder.decodedLength(s);
    };
  }
});

// node_modules/fast-sha256/sha256.js
var require_sha256 = __commonJS({
  "node_modules/fast-sha256/sha256.js"(exports2, module2) {
    (function(root, factory) {
      var exports3 = {};
      factory(exports3);
      var sha256 = exports3["default"];
      for (var k in exports3) {
        sha256[k] = exports3[k];
      }
      if (typeof module2 === "object" && typeof module2.exports === "object") {
        module2.exports = sha256;
      } else if (typeof define === "function" && define.amd) {
        define(function() {
          return sha256;
        });
      } else {
        root.sha256 = sha256;
      }
    })(exports2, function(exports3) {
      "use strict";
      exports3.__esModule = true;
      exports3.digestLength = 32;
      exports3.blockSize = 64;
      var K = new Uint32Array([
        1116352408,
        1899447441,
        3049323471,
        3921009573,
        961987163,
        1508970993,
        2453635748,
        2870763221,
        3624381080,
        310598401,
        607225278,
        1426881987,
        1925078388,
        2162078206,
        2614888103,
        3248222580,
        3835390401,
        4022224774,
        264347078,
        604807628,
        770255983,
        1249150122,
        1555081692,
        1996064986,
        2554220882,
        2821834349,
        2952996808,
        3210313671,
        3336571891,
        3584528711,
        113926993,
        338241895,
        666307205,
        773529912,
        1294757372,
        1396182291,
        1695183700,
        1986661051,
        2177026350,
        2456956037,
        2730485921,
        2820302411,
        3259730800,
        3345764771,
        3516065817,
        3600352804,
        4094571909,
        275423344,
        430227734,
        506948616,
        659060556,
        883997877,
        958139571,
        1322822218,
        1537002063,
        1747873779,
        1955562222,
        2024104815,
        2227730452,
        2361852424,
        2428436474,
        2756734187,
        3204031479,
        3329325298
      ]);
      function hashBlocks(w, v, p, pos, len) {
        var a, b, c, d, e, f, g, h, u, i, j, t1, t2;
        while (len >= 64) {
          a = v[0];
          b = v[1];
          c = v[2];
          d = v[3];
          e = v[4];
          f = v[5];
          g = v[6];
          h = v[7];
          for (i = 0; i < 16; i++) {
            j = pos + i * 4;
            w[i] = (p[j] & 255) << 24 | (p[j + 1] & 255) << 16 | (p[j + 2] & 255) << 8 | p[j + 3] & 255;
          }
          for (i = 16; i < 64; i++) {
            u = w[i - 2];
            t1 = (u >>> 17 | u << 32 - 17) ^ (u >>> 19 | u << 32 - 19) ^ u >>> 10;
            u = w[i - 15];
            t2 = (u >>> 7 | u << 32 - 7) ^ (u >>> 18 | u << 32 - 18) ^ u >>> 3;
            w[i] = (t1 + w[i - 7] | 0) + (t2 + w[i - 16] | 0);
          }
          for (i = 0; i < 64; i++) {
            t1 = (((e >>> 6 | e << 32 - 6) ^ (e >>> 11 | e << 32 - 11) ^ (e >>> 25 | e << 32 - 25)) + (e & f ^ ~e & g) | 0) + (h + (K[i] + w[i] | 0) | 0) | 0;
            t2 = ((a >>> 2 | a << 32 - 2) ^ (a >>> 13 | a << 32 - 13) ^ (a >>> 22 | a << 32 - 22)) + (a & b ^ a & c ^ b & c) | 0;
            h = g;
            g = f;
            f = e;
            e = d + t1 | 0;
            d = c;
            c = b;
            b = a;
            a = t1 + t2 | 0;
          }
          v[0] += a;
          v[1] += b;
          v[2] += c;
          v[3] += d;
          v[4] += e;
          v[5] += f;
          v[6] += g;
          v[7] += h;
          pos += 64;
          len -= 64;
        }
        return pos;
      }
      var Hash = (
        /** @class */
        (function() {
          function Hash2() {
            this.digestLength = exports3.digestLength;
            this.blockSize = exports3.blockSize;
            this.state = new Int32Array(8);
            this.temp = new Int32Array(64);
            this.buffer = new Uint8Array(128);
            this.bufferLength = 0;
            this.bytesHashed = 0;
            this.finished = false;
            this.reset();
          }
          Hash2.prototype.reset = function() {
            this.state[0] = 1779033703;
            this.state[1] = 3144134277;
            this.state[2] = 1013904242;
            this.state[3] = 2773480762;
            this.state[4] = 1359893119;
            this.state[5] = 2600822924;
            this.state[6] = 528734635;
            this.state[7] = 1541459225;
            this.bufferLength = 0;
            this.bytesHashed = 0;
            this.finished = false;
            return this;
          };
          Hash2.prototype.clean = function() {
            for (var i = 0; i < this.buffer.length; i++) {
              this.buffer[i] = 0;
            }
            for (var i = 0; i < this.temp.length; i++) {
              this.temp[i] = 0;
            }
            this.reset();
          };
          Hash2.prototype.update = function(data, dataLength) {
            if (dataLength === void 0) {
              dataLength = data.length;
            }
            if (this.finished) {
              throw new Error("SHA256: can't update because hash was finished.");
            }
            var dataPos = 0;
            this.bytesHashed += dataLength;
            if (this.bufferLength > 0) {
              while (this.bufferLength < 64 && dataLength > 0) {
                this.buffer[this.bufferLength++] = data[dataPos++];
                dataLength--;
              }
              if (this.bufferLength === 64) {
                hashBlocks(this.temp, this.state, this.buffer, 0, 64);
                this.bufferLength = 0;
              }
            }
            if (dataLength >= 64) {
              dataPos = hashBlocks(this.temp, this.state, data, dataPos, dataLength);
              dataLength %= 64;
            }
            while (dataLength > 0) {
              this.buffer[this.bufferLength++] = data[dataPos++];
              dataLength--;
            }
            return this;
          };
          Hash2.prototype.finish = function(out) {
            if (!this.finished) {
              var bytesHashed = this.bytesHashed;
              var left = this.bufferLength;
              var bitLenHi = bytesHashed / 536870912 | 0;
              var bitLenLo = bytesHashed << 3;
              var padLength = bytesHashed % 64 < 56 ? 64 : 128;
              this.buffer[left] = 128;
              for (var i = left + 1; i < padLength - 8; i++) {
                this.buffer[i] = 0;
              }
              this.buffer[padLength - 8] = bitLenHi >>> 24 & 255;
              this.buffer[padLength - 7] = bitLenHi >>> 16 & 255;
              this.buffer[padLength - 6] = bitLenHi >>> 8 & 255;
              this.buffer[padLength - 5] = bitLenHi >>> 0 & 255;
              this.buffer[padLength - 4] = bitLenLo >>> 24 & 255;
              this.buffer[padLength - 3] = bitLenLo >>> 16 & 255;
              this.buffer[padLength - 2] = bitLenLo >>> 8 & 255;
              this.buffer[padLength - 1] = bitLenLo >>> 0 & 255;
              hashBlocks(this.temp, this.state, this.buffer, 0, padLength);
              this.finished = true;
            }
            for (var i = 0; i < 8; i++) {
              out[i * 4 + 0] = this.state[i] >>> 24 & 255;
              out[i * 4 + 1] = this.state[i] >>> 16 & 255;
              out[i * 4 + 2] = this.state[i] >>> 8 & 255;
              out[i * 4 + 3] = this.state[i] >>> 0 & 255;
            }
            return this;
          };
          Hash2.prototype.digest = function() {
            var out = new Uint8Array(this.digestLength);
            this.finish(out);
            return out;
          };
          Hash2.prototype._saveState = function(out) {
            for (var i = 0; i < this.state.length; i++) {
              out[i] = this.state[i];
            }
          };
          Hash2.prototype._restoreState = function(from, bytesHashed) {
            for (var i = 0; i < this.state.length; i++) {
              this.state[i] = from[i];
            }
            this.bytesHashed = bytesHashed;
            this.finished = false;
            this.bufferLength = 0;
          };
          return Hash2;
        })()
      );
      exports3.Hash = Hash;
      var HMAC = (
        /** @class */
        (function() {
          function HMAC2(key) {
            this.inner = new Hash();
            this.outer = new Hash();
            this.blockSize = this.inner.blockSize;
            this.digestLength = this.inner.digestLength;
            var pad = new Uint8Array(this.blockSize);
            if (key.length > this.blockSize) {
              new Hash().update(key).finish(pad).clean();
            } else {
              for (var i = 0; i < key.length; i++) {
                pad[i] = key[i];
              }
            }
            for (var i = 0; i < pad.length; i++) {
              pad[i] ^= 54;
            }
            this.inner.update(pad);
            for (var i = 0; i < pad.length; i++) {
              pad[i] ^= 54 ^ 92;
            }
            this.outer.update(pad);
            this.istate = new Uint32Array(8);
            this.ostate = new Uint32Array(8);
            this.inner._saveState(this.istate);
            this.outer._saveState(this.ostate);
            for (var i = 0; i < pad.length; i++) {
              pad[i] = 0;
            }
          }
          HMAC2.prototype.reset = function() {
            this.inner._restoreState(this.istate, this.inner.blockSize);
            this.outer._restoreState(this.ostate, this.outer.blockSize);
            return this;
          };
          HMAC2.prototype.clean = function() {
            for (var i = 0; i < this.istate.length; i++) {
              this.ostate[i] = this.istate[i] = 0;
            }
            this.inner.clean();
            this.outer.clean();
          };
          HMAC2.prototype.update = function(data) {
            this.inner.update(data);
            return this;
          };
          HMAC2.prototype.finish = function(out) {
            if (this.outer.finished) {
              this.outer.finish(out);
            } else {
              this.inner.finish(out);
              this.outer.update(out, this.digestLength).finish(out);
            }
            return this;
          };
          HMAC2.prototype.digest = function() {
            var out = new Uint8Array(this.digestLength);
            this.finish(out);
            return out;
          };
          return HMAC2;
        })()
      );
      exports3.HMAC = HMAC;
      function hash(data) {
        var h = new Hash().update(data);
        var digest = h.digest();
        h.clean();
        return digest;
      }
      exports3.hash = hash;
      exports3["default"] = hash;
      function hmac(key, data) {
        var h = new HMAC(key).update(data);
        var digest = h.digest();
        h.clean();
        return digest;
      }
      exports3.hmac = hmac;
      function fillBuffer(buffer, hmac2, info, counter) {
        var num = counter[0];
        if (num === 0) {
          throw new Error("hkdf: cannot expand more");
        }
        hmac2.reset();
        if (num > 1) {
          hmac2.update(buffer);
        }
        if (info) {
          hmac2.update(info);
        }
        hmac2.update(counter);
        hmac2.finish(buffer);
        counter[0]++;
      }
      var hkdfSalt = new Uint8Array(exports3.digestLength);
      function hkdf(key, salt, info, length) {
        if (salt === void 0) {
          salt = hkdfSalt;
        }
        if (length === void 0) {
          length = 32;
        }
        var counter = new Uint8Array([1]);
        var okm = hmac(salt, key);
        var hmac_ = new HMAC(okm);
        var buffer = new Uint8Array(hmac_.digestLength);
        var bufpos = buffer.length;
        var out = new Uint8Array(length);
        for (var i = 0; i < length; i++) {
          if (bufpos === buffer.length) {
            fillBuffer(buffer, hmac_, info, counter);
            bufpos = 0;
          }
          out[i] = buffer[bufpos++];
        }
        hmac_.clean();
        buffer.fill(0);
        counter.fill(0);
        return out;
      }
      exports3.hkdf = hkdf;
      function pbkdf2(password, salt, iterations, dkLen) {
        var prf = new HMAC(password);
        var len = prf.digestLength;
        var ctr = new Uint8Array(4);
        var t = new Uint8Array(len);
        var u = new Uint8Array(len);
        var dk = new Uint8Array(dkLen);
        for (var i = 0; i * len < dkLen; i++) {
          var c = i + 1;
          ctr[0] = c >>> 24 & 255;
          ctr[1] = c >>> 16 & 255;
          ctr[2] = c >>> 8 & 255;
          ctr[3] = c >>> 0 & 255;
          prf.reset();
          prf.update(salt);
          prf.update(ctr);
          prf.finish(u);
          for (var j = 0; j < len; j++) {
            t[j] = u[j];
          }
          for (var j = 2; j <= iterations; j++) {
            prf.reset();
            prf.update(u).finish(u);
            for (var k = 0; k < len; k++) {
              t[k] ^= u[k];
            }
          }
          for (var j = 0; j < len && i * len + j < dkLen; j++) {
            dk[i * len + j] = t[j];
          }
        }
        for (var i = 0; i < len; i++) {
          t[i] = u[i] = 0;
        }
        for (var i = 0; i < 4; i++) {
          ctr[i] = 0;
        }
        prf.clean();
        return dk;
      }
      exports3.pbkdf2 = pbkdf2;
    });
  }
});

// node_modules/standardwebhooks/dist/timing_safe_equal.js
var require_timing_safe_equal = __commonJS({
  "node_modules/standardwebhooks/dist/timing_safe_equal.js"(exports2) {
    "use strict";
    Object.defineProperty(exports2, "__esModule", { value: true });
    exports2.timingSafeEqual = timingSafeEqual;
    function assert(expr, msg = "") {
      if (!expr) {
        throw new Error(msg);
      }
    }
    function timingSafeEqual(a, b) {
      if (a.byteLength !== b.byteLength) {
        return false;
      }
      if (!(a instanceof DataView)) {
        a = new DataView(ArrayBuffer.isView(a) ? a.buffer : a);
      }
      if (!(b instanceof DataView)) {
        b = new DataView(ArrayBuffer.isView(b) ? b.buffer : b);
      }
      assert(a instanceof DataView);
      assert(b instanceof DataView);
      const length = a.byteLength;
      let out = 0;
      let i = -1;
      while (++i < length) {
        out |= a.getUint8(i) ^ b.getUint8(i);
      }
      return out === 0;
    }
  }
});

// node_modules/standardwebhooks/dist/index.js
var require_dist = __commonJS({
  "node_modules/standardwebhooks/dist/index.js"(exports2) {
    "use strict";
    Object.defineProperty(exports2, "__esModule", { value: true });
    exports2.Webhook = exports2.WebhookVerificationError = void 0;
    var base64 = require_base64();
    var sha256 = require_sha256();
    var timing_safe_equal_1 = require_timing_safe_equal();
    var WEBHOOK_TOLERANCE_IN_SECONDS = 5 * 60;
    var ExtendableError = class _ExtendableError extends Error {
      constructor(message) {
        super(message);
        Object.setPrototypeOf(this, _ExtendableError.prototype);
        this.name = "ExtendableError";
        this.stack = new Error(message).stack;
      }
    };
    var WebhookVerificationError = class _WebhookVerificationError extends ExtendableError {
      constructor(message) {
        super(message);
        Object.setPrototypeOf(this, _WebhookVerificationError.prototype);
        this.name = "WebhookVerificationError";
      }
    };
    exports2.WebhookVerificationError = WebhookVerificationError;
    var Webhook = class _Webhook {
      constructor(secret, options) {
        if ((options === null || options === void 0 ? void 0 : options.format) === "raw") {
          if (secret instanceof Uint8Array) {
            this.key = secret;
          } else {
            this.key = Uint8Array.from(secret, (c) => c.charCodeAt(0));
          }
        } else {
          if (typeof secret !== "string") {
            throw new Error("Expected secret to be of type string");
          }
          if (secret.startsWith(_Webhook.prefix)) {
            secret = secret.substring(_Webhook.prefix.length);
          }
          this.key = base64.decode(secret);
        }
        if (this.key.length === 0) {
          throw new Error("Secret can't be empty.");
        }
      }
      verify(payload, headers, options) {
        var _a;
        const jsonParse = (_a = options === null || options === void 0 ? void 0 : options.jsonParse) !== null && _a !== void 0 ? _a : true;
        const normalizedHeaders = {};
        for (const key of Object.keys(headers)) {
          normalizedHeaders[key.toLowerCase()] = headers[key];
        }
        const msgId = normalizedHeaders["webhook-id"];
        const msgSignature = normalizedHeaders["webhook-signature"];
        const msgTimestamp = normalizedHeaders["webhook-timestamp"];
        if (!msgSignature || !msgId || !msgTimestamp) {
          throw new WebhookVerificationError("Missing required headers");
        }
        const timestamp = this.verifyTimestamp(msgTimestamp);
        const computedSignature = this.sign(msgId, timestamp, payload);
        const expectedSignature = computedSignature.split(",")[1];
        const passedSignatures = msgSignature.split(" ");
        const encoder = new globalThis.TextEncoder();
        for (const versionedSignature of passedSignatures) {
          const [version, signature] = versionedSignature.split(",");
          if (version !== "v1") {
            continue;
          }
          if ((0, timing_safe_equal_1.timingSafeEqual)(encoder.encode(signature), encoder.encode(expectedSignature))) {
            const payloadString = payload.toString();
            if (payloadString === "") {
              return void 0;
            }
            if (jsonParse) {
              return JSON.parse(payloadString);
            } else {
              return void 0;
            }
          }
        }
        throw new WebhookVerificationError("No matching signature found");
      }
      sign(msgId, timestamp, payload) {
        if (typeof payload === "string") {
        } else if (payload.constructor.name === "Buffer") {
          payload = payload.toString();
        } else {
          throw new Error("Expected payload to be of type string or Buffer.");
        }
        const encoder = new TextEncoder();
        const timestampNumber = Math.floor(timestamp.getTime() / 1e3);
        const toSign = encoder.encode(`${msgId}.${timestampNumber}.${payload}`);
        const expectedSignature = base64.encode(sha256.hmac(this.key, toSign));
        return `v1,${expectedSignature}`;
      }
      verifyTimestamp(timestampHeader) {
        const now = Math.floor(Date.now() / 1e3);
        const timestamp = parseInt(timestampHeader, 10);
        if (Number.isNaN(timestamp)) {
          throw new WebhookVerificationError("Invalid Signature Headers");
        }
        if (now - timestamp > WEBHOOK_TOLERANCE_IN_SECONDS) {
          throw new WebhookVerificationError("Message timestamp too old");
        }
        if (timestamp > now + WEBHOOK_TOLERANCE_IN_SECONDS) {
          throw new WebhookVerificationError("Message timestamp too new");
        }
        return new Date(timestamp * 1e3);
      }
    };
    exports2.Webhook = Webhook;
    Webhook.prefix = "whsec_";
  }
});

// scripts/end-to-end/probe.ts
var probe_exports = {};
__export(probe_exports, {
  handler: () => handler
});
module.exports = __toCommonJS(probe_exports);
var import_client_dynamodb2 = require("@aws-sdk/client-dynamodb");
var import_client_secrets_manager2 = require("@aws-sdk/client-secrets-manager");
var import_client_sns2 = require("@aws-sdk/client-sns");
var import_client_sqs2 = require("@aws-sdk/client-sqs");

// scripts/end-to-end/deployment.ts
var OUTPUTS = ["InputTopicArn", "FailureQueueUrl", "ReceiverUrl", "ArrivalsTable", "SigningSecretArn"];
var PROBE_OUTPUTS = "OUTPUTS";
var OutputsError = class extends Error {
};
function deploymentOf(outputs) {
  const missing = OUTPUTS.filter((name) => !outputs[name]);
  if (missing.length > 0) {
    throw new OutputsError(`The stack has no output ${missing.join(", ")}: it is not that of scripts/end-to-end/app.ts.`);
  }
  return {
    inputTopicArn: outputs.InputTopicArn,
    failureQueueUrl: outputs.FailureQueueUrl,
    receiverUrl: outputs.ReceiverUrl.replace(/\/$/, ""),
    arrivalsTable: outputs.ArrivalsTable,
    signingSecretArn: outputs.SigningSecretArn
  };
}

// scripts/end-to-end/options.ts
var DEPLOYED = { maxLateMs: 1e4, clockToleranceMs: 50, patienceMs: 6e4 };

// scripts/end-to-end/run.ts
var import_client_secrets_manager = require("@aws-sdk/client-secrets-manager");
var import_client_sns = require("@aws-sdk/client-sns");
var import_client_sqs = require("@aws-sdk/client-sqs");

// scripts/end-to-end/arrivals.ts
var import_client_dynamodb = require("@aws-sdk/client-dynamodb");
var PARTITION_KEY = "about";
var SORT_KEY = "at";
var ADDED_HEADERS = /^x-(forwarded|amzn)-/;
var Arrivals = class {
  constructor(dynamodb, table) {
    this.dynamodb = dynamodb;
    this.table = table;
  }
  dynamodb;
  table;
  /** Writes a request down, and returns how many had come before for the same webhook. */
  async record(event) {
    const id = event.headers["webhook-id"] ?? "nobody";
    const before = await this.requests(id);
    const { timeEpoch, requestId, http } = event.requestContext;
    await this.put(`request#${id}`, `${timeEpoch}#${requestId}#${before.length}`, {
      arrivedAt: { N: String(timeEpoch) },
      method: { S: http.method },
      target: { S: `${event.rawPath}${event.rawQueryString === "" ? "" : `?${event.rawQueryString}`}` },
      headers: { S: JSON.stringify(Object.entries(event.headers).filter(([name]) => !ADDED_HEADERS.test(name))) },
      cookies: { S: JSON.stringify(Object.fromEntries((event.cookies ?? []).map((cookie) => splitAtFirst(cookie, "=")))) },
      ...event.body ? { body: { B: Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8") } } : {}
    });
    return before.length;
  }
  /** The requests for a webhook, in the order in which they came. */
  async requests(id) {
    return (await this.query(`request#${id}`)).map((item) => ({
      arrivedAt: Number(item.arrivedAt.N),
      method: item.method.S,
      target: item.target.S,
      headers: JSON.parse(item.headers.S),
      cookies: JSON.parse(item.cookies.S),
      body: Buffer.from(item.body?.B ?? []),
      complete: true
    }));
  }
  /** Writes down a failure notice, or anything else that is a text, under an id. */
  async keep(kind, id, key, text) {
    await this.put(`${kind}#${id}`, key, { text: { S: text } });
  }
  /** The texts that were kept, in the order of their keys. */
  async kept(kind, id) {
    return (await this.query(`${kind}#${id}`)).map(({ text }) => text.S);
  }
  async put(about, at, attributes) {
    const Item = { [PARTITION_KEY]: { S: about }, [SORT_KEY]: { S: at }, ...attributes };
    await this.dynamodb.send(new import_client_dynamodb.PutItemCommand({ TableName: this.table, Item }));
  }
  async query(about) {
    const { Items = [] } = await this.dynamodb.send(new import_client_dynamodb.QueryCommand({
      TableName: this.table,
      KeyConditionExpression: "#about = :about",
      ExpressionAttributeNames: { "#about": PARTITION_KEY },
      ExpressionAttributeValues: { ":about": { S: about } },
      ConsistentRead: true
    }));
    return Items;
  }
};
function splitAtFirst(text, separator) {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

// scripts/demo/webhooks.ts
var SOON_MS = 5e3;
var APART_MS = 400;
var CANCELLED_BEFORE_LATER_MS = 3e3;
var AN_HOUR_MS = 60 * 6e4;
var JSON_TYPE = { "content-type": "application/json" };
var FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
var NOTHING = { headers: {}, cookies: {}, body: "" };
function demoWebhooks(url, now, laterMs) {
  const [json, form, text, get, naive, flaky] = Array.from({ length: 6 }, (_, i) => now + SOON_MS + i * APART_MS);
  const later = now + laterMs;
  const cancelled = later - CANCELLED_BEFORE_LATER_MS;
  const past = now - AN_HOUR_MS;
  return [
    {
      name: "JSON",
      dueAt: json,
      // The number has more digits than JavaScript's own hold, and still arrives whole.
      message: `{"date":"${iso(json)}","url":"${url}/orders","method":"POST","payload":{"order":12345678901234567890,"note":"Gr\xFC\xDFe \u2615"}}`,
      request: { ...NOTHING, method: "POST", target: "/orders", headers: JSON_TYPE, body: '{"order":12345678901234567890,"note":"Gr\xFC\xDFe \u2615"}' },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "form",
      dueAt: form,
      message: JSON.stringify({
        date: iso(form),
        url: `${url}/forms`,
        method: "post",
        headers: FORM_TYPE,
        payload: { name: "Ada Lovelace", tags: ["a&b", "c=d"] }
      }),
      request: { ...NOTHING, method: "POST", target: "/forms", headers: FORM_TYPE, body: "name=Ada+Lovelace&tags=a%26b&tags=c%3Dd" },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "string",
      dueAt: text,
      message: JSON.stringify({
        date: iso(text),
        url: `${url}/notes/7`,
        method: "PUT",
        headers: { "content-type": "text/plain; charset=utf-8" },
        payload: 'as it is:\n"\xFC"\n'
      }),
      request: { ...NOTHING, method: "PUT", target: "/notes/7", headers: { "content-type": "text/plain; charset=utf-8" }, body: 'as it is:\n"\xFC"\n' },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "GET",
      dueAt: get,
      message: JSON.stringify({
        date: iso(get),
        url: `${url}/status?deep=true&of=order%207`,
        method: "GET",
        headers: { "X-Tenant": "blue", "Accept": "text/html" },
        cookies: { session: "a1b2", theme: "dark" }
      }),
      request: {
        method: "GET",
        target: "/status?deep=true&of=order%207",
        headers: { "X-Tenant": "blue", "Accept": "text/html" },
        cookies: { session: "a1b2", theme: "dark" },
        body: ""
      },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "naive date",
      dueAt: naive,
      // As Python's datetime.utcnow().isoformat() writes it: no offset, microseconds.
      message: JSON.stringify({ date: `${iso(naive).slice(0, -1)}000`, url: `${url}/from-python`, method: "post" }),
      request: { ...NOTHING, method: "POST", target: "/from-python" },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "past date",
      dueAt: past,
      message: JSON.stringify({ date: iso(past), url: `${url}/at-once`, method: "DELETE" }),
      request: { ...NOTHING, method: "DELETE", target: "/at-once" },
      past: true,
      way: "ingest",
      answers: [200]
    },
    {
      name: "failing once",
      dueAt: flaky,
      message: JSON.stringify({ date: iso(flaky), url: `${url}/flaky`, method: "POST", payload: "again" }),
      request: { ...NOTHING, method: "POST", target: "/flaky", body: "again" },
      past: false,
      way: "ingest",
      answers: [503, 200]
    },
    {
      name: "cancelled",
      dueAt: cancelled,
      message: JSON.stringify({ id: "order-4711", date: iso(cancelled), url: `${url}/cancelled`, method: "POST" }),
      request: { ...NOTHING, method: "POST", target: "/cancelled" },
      past: false,
      way: "load",
      id: "order-4711",
      answers: []
    },
    {
      name: "due later",
      dueAt: later,
      message: JSON.stringify({ date: iso(later), url: `${url}/later`, method: "POST", payload: ["through", "the", "table"] }),
      request: { ...NOTHING, method: "POST", target: "/later", headers: JSON_TYPE, body: '["through","the","table"]' },
      past: false,
      way: "load",
      answers: [200]
    }
  ];
}
function invalidMessage() {
  return {
    message: JSON.stringify({
      date: "tomorrow at noon",
      // Where a machine of AWS finds its credentials.
      url: "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
      method: "FETCH",
      headers: { "content-length": "5" },
      cookies: ["session"]
    }),
    wrongFields: ["date", "url", "method", "headers.content-length", "cookies"]
  };
}
function iso(instant) {
  return new Date(instant).toISOString();
}

// scripts/end-to-end/webhooks.ts
var LATER_MS = 2e4;
var SOON_MS2 = 8e3;
var GONE = 410;
var GONE_PATH = "/gone";
function endToEndWebhooks(url, now, run2) {
  const soon = now + SOON_MS2;
  const own = (name) => `${run2}-${name}`;
  return [
    ...demoWebhooks(url, now, LATER_MS).filter(({ name }) => name !== "due later").map((webhook) => ({ ...withOwnId(webhook, own), copies: 1 })),
    { ...postOf("published twice", "/twice", soon, url, own("twice")), answers: [200], copies: 2 },
    { ...postOf("failing for good", GONE_PATH, soon, url, own("gone")), answers: [GONE], copies: 1, failsWith: GONE }
  ];
}
function withOwnId(webhook, own) {
  if (webhook.id === void 0) {
    return webhook;
  }
  const id = own(webhook.id);
  return { ...webhook, id, message: JSON.stringify({ ...JSON.parse(webhook.message), id }) };
}
function postOf(name, target, dueAt, url, id) {
  const payload = { of: name };
  return {
    name,
    dueAt,
    past: false,
    message: JSON.stringify({ id, date: new Date(dueAt).toISOString(), url: `${url}${target}`, method: "POST", payload }),
    request: { method: "POST", target, headers: { "content-type": "application/json" }, cookies: {}, body: JSON.stringify(payload) },
    way: "ingest",
    id
  };
}

// scripts/demo/verdict.ts
var import_standardwebhooks = __toESM(require_dist());

// scripts/support/receiver.ts
var FLOOD_CHUNK = Buffer.alloc(64 * 1024, ".");
function pathOf(target) {
  return target.split("?")[0];
}

// scripts/demo/verdict.ts
var FIRST_RETRY_MS = 5e3;
var CLIENT_HEADERS = ["host", "connection", "content-length"];
var SENDER_HEADERS = /^(user-agent|cookie|webhook-.+)$/;
function judge(webhooks, invalid, seen) {
  const verdicts = webhooks.map((published) => judgeWebhook(published, seen));
  const paths = webhooks.map(({ what }) => pathOf(what.request.target));
  const strangers = seen.requests.filter(({ target }) => !paths.includes(pathOf(target)));
  return {
    webhooks: verdicts,
    problems: [
      ...verdicts.flatMap(({ webhook, problems }) => problems.map((problem) => `${webhook.name}: ${problem}.`)),
      ...strangers.map(({ method, target }) => `${method} ${target} arrived, and nobody had published it.`),
      ...judgeNotices(invalid, seen.notices)
    ]
  };
}
function judgeWebhook({ what: webhook, id }, { requests, ways, signingSecret, clockToleranceMs = 0 }) {
  const arrivals = requests.filter(({ target }) => pathOf(target) === pathOf(webhook.request.target));
  const way = ways?.get(id);
  const problems = [];
  if (arrivals.length !== webhook.answers.length) {
    problems.push(arrivals.length === 0 ? "did not arrive" : `arrived ${times(arrivals.length)}, not ${times(webhook.answers.length)}`);
  }
  arrivals.slice(0, Math.max(webhook.answers.length, 1)).forEach((arrival, attempt) => {
    const early = earliest(webhook, arrivals, attempt) - arrival.arrivedAt;
    if (early > clockToleranceMs) {
      problems.push(`arrived ${early} ms early`);
    }
    problems.push(...compare(webhook, id, arrival), ...verify(arrival, signingSecret));
  });
  if (ways && way !== webhook.way) {
    problems.push(`was to be sent by ${webhook.way}, and ${way ? `was sent by ${way}` : "nobody said that they sent it"}`);
  }
  return { webhook, arrivals, way, problems };
}
function earliest({ dueAt }, arrivals, attempt) {
  return attempt === 0 ? dueAt : arrivals[attempt - 1].arrivedAt + FIRST_RETRY_MS;
}
function times(count) {
  return count === 1 ? "once" : `${count} times`;
}
function compare({ request }, id, arrival) {
  const problems = [];
  const expect = (what, expected, received) => {
    if (received !== expected) {
      problems.push(`${what} was to be ${JSON.stringify(expected)}, not ${JSON.stringify(received) ?? "missing"}`);
    }
  };
  const header = (name) => {
    const values = arrival.headers.filter(([received]) => received.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    return values.length > 0 ? values.join(", ") : void 0;
  };
  expect("the method", request.method, arrival.method);
  expect("path and query", request.target, arrival.target);
  if (!arrival.complete) {
    problems.push("the body broke off");
  } else if (!arrival.body.equals(Buffer.from(request.body))) {
    expect("the body", request.body, arrival.body.toString());
  }
  expect("the header webhook-id", id, header("webhook-id"));
  for (const [name, value] of Object.entries(request.headers)) {
    expect(`the header ${name}`, value, header(name));
  }
  const names = Object.keys(request.headers).map((name) => name.toLowerCase());
  for (const [name] of arrival.headers) {
    const known = [...CLIENT_HEADERS, ...names].includes(name.toLowerCase()) || SENDER_HEADERS.test(name.toLowerCase());
    if (!known) {
      problems.push(`the header ${name} was not asked for`);
    }
  }
  expect("cookies", inOrder(request.cookies), inOrder(arrival.cookies));
  return problems;
}
function verify({ headers, body }, signingSecret) {
  try {
    new import_standardwebhooks.Webhook(signingSecret).verify(body, Object.fromEntries(headers), { jsonParse: false });
    return [];
  } catch (error) {
    return [`the signature does not hold: ${error.message}`];
  }
}
function judgeNotices(invalid, texts) {
  if (texts.length !== 1) {
    return [`The failure topic carried ${texts.length} notices, not one.`];
  }
  const notice = JSON.parse(texts[0]);
  const fields = notice.errors?.map(({ field }) => field) ?? [];
  const { wrongFields, message } = invalid.what;
  return [
    ...notice.reason === "validation" ? [] : [`The failure notice gives the reason ${JSON.stringify(notice.reason)}, not "validation".`],
    ...notice.id === invalid.id ? [] : [`The failure notice is about ${JSON.stringify(notice.id)}, not ${invalid.id}.`],
    ...wrongFields.filter((field) => !fields.includes(field)).map((field) => `The failure notice does not name the wrong field ${field}.`),
    ...fields.filter((field) => !wrongFields.includes(String(field))).map((field) => `The failure notice names ${String(field)}, which is not wrong.`),
    ...JSON.stringify(notice.message) === message ? [] : ["The failure notice does not hold the message as it was published."]
  ];
}
function inOrder(values) {
  return Object.keys(values).sort().map((name) => `${name}=${values[name]}`).join("; ");
}

// scripts/end-to-end/run.ts
var COPY_MS = 3e3;
var [RUN, LATEST, NOTICE] = ["run", "latest", "notice"];
var Run = class {
  constructor(clients, deployment, options) {
    this.clients = clients;
    this.deployment = deployment;
    this.options = options;
    this.arrivals = new Arrivals(clients.dynamodb, deployment.arrivalsTable);
  }
  clients;
  deployment;
  options;
  arrivals;
  /** Begins a run, which takes the place of any before it. Returns how many messages were published. */
  async publish() {
    const now = Date.now();
    const run2 = `e2e-${now.toString(36)}`;
    const webhooks = endToEndWebhooks(this.deployment.receiverUrl, now, run2);
    const ids = [];
    let published = 0;
    const publish = (message) => {
      published++;
      return this.publishOne(message);
    };
    for (const { message, id, copies } of webhooks) {
      const messageIds = await Promise.all(Array.from({ length: copies }, () => publish(message)));
      ids.push(id ?? messageIds[0]);
    }
    for (const { id } of webhooks.filter(({ answers }) => answers.length === 0)) {
      await publish(JSON.stringify({ action: "cancel", id }));
    }
    const invalidId = await publish(invalidMessage().message);
    const record = { run: run2, now, ids, invalidId };
    await this.arrivals.keep(RUN, LATEST, LATEST, JSON.stringify(record));
    return published;
  }
  /** What has become of the latest run so far. */
  async look() {
    const [text] = await this.arrivals.kept(RUN, LATEST);
    if (text === void 0) {
      throw new Error("nothing has been published yet");
    }
    const { run: run2, now, ids, invalidId } = JSON.parse(text);
    const webhooks = endToEndWebhooks(this.deployment.receiverUrl, now, run2).map((what, i) => ({ what, id: ids[i] }));
    await this.collectNotices();
    const requests = (await Promise.all(ids.map((id) => this.arrivals.requests(id)))).flat();
    const noticesOf = async (id) => this.arrivals.kept(NOTICE, id);
    const invalid = { what: invalidMessage(), id: invalidId };
    const verdict = judge(webhooks, invalid, {
      requests,
      notices: await noticesOf(invalidId),
      signingSecret: await this.signingSecret(),
      clockToleranceMs: this.options.clockToleranceMs
    });
    const problems = [
      ...verdict.problems,
      ...verdict.webhooks.flatMap((webhook) => this.lateProblems(webhook)),
      ...(await Promise.all(webhooks.map(async ({ what, id }) => noticeProblems(what, await noticesOf(id))))).flat()
    ];
    const lastDueAt = Math.max(...webhooks.map(({ what }) => what.dueAt));
    return {
      complete: Date.now() > lastDueAt + (problems.length === 0 ? COPY_MS : this.options.patienceMs),
      webhooks: verdict.webhooks,
      problems
    };
  }
  async publishOne(message) {
    const { MessageId } = await this.clients.sns.send(new import_client_sns.PublishCommand({ TopicArn: this.deployment.inputTopicArn, Message: message }));
    return MessageId;
  }
  /** Moves what the failure topic has told from the queue into the table. */
  async collectNotices() {
    const QueueUrl = this.deployment.failureQueueUrl;
    const { Messages = [] } = await this.clients.sqs.send(new import_client_sqs.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    for (const { MessageId, Body = "" } of Messages) {
      await this.arrivals.keep(NOTICE, String(JSON.parse(Body).id), MessageId, Body);
    }
    if (Messages.length > 0) {
      await this.clients.sqs.send(new import_client_sqs.DeleteMessageBatchCommand({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }))
      }));
    }
  }
  async signingSecret() {
    const { SecretString = "" } = await this.clients.secrets.send(new import_client_secrets_manager.GetSecretValueCommand({ SecretId: this.deployment.signingSecretArn }));
    return SecretString;
  }
  lateProblems({ webhook, arrivals: [first] }) {
    const late = first ? first.arrivedAt - webhook.dueAt : 0;
    return !webhook.past && late > this.options.maxLateMs ? [`${webhook.name}: arrived ${late} ms late, more than ${this.options.maxLateMs}.`] : [];
  }
};
function noticeProblems({ name, failsWith }, texts) {
  const expected = failsWith === void 0 ? 0 : 1;
  if (texts.length !== expected) {
    return [`${name}: the failure topic carried ${texts.length} notices, not ${expected}.`];
  }
  return texts.flatMap((text) => {
    const { reason, attempts } = JSON.parse(text);
    const statuses = attempts?.map(({ status }) => status);
    return reason === "permanent" && statuses?.length === 1 && statuses[0] === failsWith ? [] : [`${name}: the failure notice says ${JSON.stringify({ reason, statuses })}, not "permanent" and ${failsWith}.`];
  });
}

// scripts/end-to-end/probe.ts
var run;
async function handler({ action }) {
  run ??= new Run(
    { sns: new import_client_sns2.SNSClient({}), sqs: new import_client_sqs2.SQSClient({}), dynamodb: new import_client_dynamodb2.DynamoDBClient({}), secrets: new import_client_secrets_manager2.SecretsManagerClient({}) },
    deploymentOf(JSON.parse(process.env[PROBE_OUTPUTS])),
    DEPLOYED
  );
  if (action === "publish") {
    return { published: await run.publish() };
  }
  const { complete, webhooks, problems } = await run.look();
  const late = Object.fromEntries(webhooks.flatMap(({ webhook: { name, dueAt, past }, arrivals: [first] }) => first && !past ? [[name, first.arrivedAt - dueAt]] : []));
  return { complete, problems, late };
}
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  handler
});
